import { Hono } from "hono";
import { listen, serverOf, stop } from "../listen.ts";
import { invoke, type LambdaHandler, TaskTimedOut } from "./invocation.ts";

/**
 * The engine's side of a Lambda invocation: `POST /{function}` runs it on the payload and answers with its result, or
 * with what it threw and the header that Lambda marks that with. `GET /{function}` tells whether there is such a one.
 */
export async function startRuntime<Name extends string>({
  functions,
  timeoutsMs,
}: {
  functions: Readonly<Record<Name, LambdaHandler>>;
  timeoutsMs: Readonly<Record<NoInfer<Name>, number>>;
}): Promise<{ url: string; close(): Promise<void> }> {
  const isFunction = (name: string): name is Name => Object.hasOwn(functions, name);
  const app = new Hono();

  app.get("/:name", (c) => c.body(null, isFunction(c.req.param("name")) ? 204 : 404));

  app.post("/:name", async (c) => {
    const name = c.req.param("name");
    if (!isFunction(name)) return c.notFound();
    const event: unknown = await c.req.json();
    try {
      const result = await invoke(functions[name], event, { functionName: name, timeoutMs: timeoutsMs[name] });
      return c.body(JSON.stringify(result) ?? "null");
    } catch (error) {
      return c.body(JSON.stringify(errorPayload(error)), { headers: { "x-amz-function-error": "Unhandled" } });
    }
  });

  const server = serverOf(app);
  const address = await listen(server);
  return { url: `http://${address}`, close: () => stop(server) };
}

/** As Lambda's Node runtime writes it. */
function errorPayload(error: unknown): { errorType: string; errorMessage: string; trace?: string[] } {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  const payload = { errorType: error.name, errorMessage: error.message };
  return error instanceof TaskTimedOut ? payload : { ...payload, trace: (error.stack ?? "").split("\n") };
}
