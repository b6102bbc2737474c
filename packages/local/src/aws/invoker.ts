/**
 * Lambda's Invoke, for functions that live in another process: the engine, which comes and goes.
 * - RequestResponse answers with what the function returned, or threw; without an engine, with an error of the service.
 * - Event is accepted at once and delivered later: again when the function fails, and when the engine is away.
 */
import { type Context, Hono } from "hono";
import { type Front, listen, serverOf, stop } from "../listen.ts";
import { ACCOUNT, REGION } from "./context.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";

/** Lambda runs a failing event twice more, after one and two minutes; here somebody is watching. */
const FAILURE_WAITS_MS = [250, 500];
/** Soon enough after an engine's return, and no busy loop while it is away. */
const ABSENCE_WAIT_MS = 250;
/** Lambda keeps trying for 6 h. An engine that was killed is back in seconds, and a minute later has looked by itself. */
const EVENT_AGE_MS = 60_000;

export interface Invoker {
  readonly endpoint: string;
  /** From now on the functions are at this runtime. */
  register(runtimeUrl: string): void;
  close(): Promise<void>;
}

/** An event that is given up: on AWS it would be in the function's dead-letter queue, if it has one. */
export interface DroppedEvent {
  readonly functionName: string;
  readonly payload: string;
  readonly error: unknown;
}

/** The function ran and failed; the message is its error payload. */
class FunctionError extends Error {}

export async function startInvoker({
  onDropped,
  front,
}: {
  onDropped?: (event: DroppedEvent) => void;
  front?: Front;
} = {}): Promise<Invoker> {
  let engine: string | undefined;
  const deliveries = new Deliveries();

  async function ask(method: "GET" | "POST", name: string, init: RequestInit = {}): Promise<Response> {
    if (engine === undefined) throw new Error("no engine is registered");
    return fetch(`${engine}/${encodeURIComponent(name)}`, { method, ...init });
  }

  function delivery(functionName: string, payload: string): Delivery {
    const deadline = Date.now() + EVENT_AGE_MS;
    const failureWaitsMs = FAILURE_WAITS_MS.values();
    return {
      async attempt(signal) {
        const response = await ask("POST", functionName, { body: payload, signal });
        const failed = !response.ok || response.headers.has("x-amz-function-error");
        if (failed) throw new FunctionError(await response.text());
      },
      waitMs(error) {
        if (error instanceof FunctionError) return failureWaitsMs.next().value;
        return Date.now() + ABSENCE_WAIT_MS < deadline ? ABSENCE_WAIT_MS : undefined;
      },
      onDropped: (error) => onDropped?.({ functionName, payload, error }),
    };
  }

  const app = new Hono();
  app.post("/2015-03-31/functions/:name/invocations", async (c) => {
    const name = c.req.param("name");
    const payload = (await c.req.text()) || "{}";
    if (!isJson(payload)) {
      return refuse(c, 400, "InvalidRequestContentException", "Could not parse request body into json");
    }
    const type = c.req.header("x-amz-invocation-type") ?? "RequestResponse";
    if (type !== "RequestResponse" && type !== "Event" && type !== "DryRun") {
      return refuse(c, 400, "InvalidParameterValueException", `${type} is none of RequestResponse, Event, DryRun`);
    }
    const init = { body: payload };
    const response = await (type === "RequestResponse" ? ask("POST", name, init) : ask("GET", name)).catch(
      () => undefined,
    );
    if (response?.status === 404) {
      const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
      return refuse(c, 404, "ResourceNotFoundException", `Function not found: ${arn}`);
    }
    if (type === "Event") {
      deliveries.add(delivery(name, payload)); // without an engine, too: it waits for one
      return c.body(null, 202);
    }
    // What became of the invocation is unknown: the engine may have died in the middle of it.
    if (!response) return refuse(c, 503, "ServiceException", "The engine did not answer");
    if (type === "DryRun") return c.body(null, 204);
    const failure = response.headers.get("x-amz-function-error");
    const headers = { "x-amz-executed-version": "$LATEST", ...(failure && { "x-amz-function-error": failure }) };
    return c.body(await response.text(), { headers });
  });

  const server = serverOf(app, front);
  const address = await listen(server);
  return {
    endpoint: `http://${address}`,
    register(runtimeUrl) {
      engine = runtimeUrl;
    },
    async close() {
      await stop(server);
      await deliveries.close();
    },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function refuse(c: Context, status: 400 | 404 | 503, type: string, message: string): Response {
  return c.json({ Type: status === 503 ? "Service" : "User", Message: message }, status, { "x-amzn-errortype": type });
}
