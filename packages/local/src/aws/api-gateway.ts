/**
 * An HTTP API of API Gateway in front of plain Lambda handlers. What is wrong with a request is answered here in API
 * Gateway's words; a handler that throws is 500, one that takes too long 503, and neither is the end of the server.
 */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { listen, stop } from "../listen.ts";
import { apiEvent } from "./api-event.ts";
import { decodePath, type Routes, router } from "./api-route.ts";
import { invoke, TaskTimedOut } from "./invocation.ts";

/** The most an HTTP API waits for its integration. */
const TIMEOUT_MS = 30_000;
/** The most it takes as a request's body: 10 MB. */
const BODY_BYTES = 10 * 1024 * 1024;

export async function startApi({
  routes,
  port,
  timeoutMs = TIMEOUT_MS,
  onError,
}: {
  routes: Routes;
  port?: number;
  /** How long a handler may take. */
  timeoutMs?: number;
  /** Told of what went wrong with a request or its handler; the caller only learns that something did. */
  onError?: (error: unknown) => void;
}): Promise<{ url: string; close(): Promise<void> }> {
  const route = router(routes);

  async function answer(request: IncomingMessage): Promise<APIGatewayProxyStructuredResultV2> {
    const url = new URL(`http://local${request.url}`);
    const path = decodePath(url.pathname);
    const match = path && route(request.method ?? "", path);
    const body = await read(request);
    if (!path) return gatewayError(400, "Bad Request");
    if (!match) return gatewayError(404, "Not Found");
    if (!body) return gatewayError(413, "Request Entity Too Large");
    const event = apiEvent({ message: request, url, body, ...match });
    return structured(await invoke(match.handler, event, { functionName: match.routeKey, timeoutMs }));
  }

  const server = createServer((request, response) => {
    answer(request)
      .then((result) => send(response, result))
      .catch((error: unknown) => {
        onError?.(error);
        if (error instanceof TaskTimedOut) return send(response, gatewayError(503, "Service Unavailable"));
        return send(response, gatewayError(500, "Internal Server Error"));
      });
  });
  const address = await listen(server, port);
  return { url: `http://${address}`, close: () => stop(server) };
}

/** The body, unless it is too long; then it is read to its end all the same, or the client would not hear the answer. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= BODY_BYTES) chunks.push(chunk);
  }
  return length <= BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

/** A handler may also return just what is to be the JSON body. */
function structured(result: unknown): APIGatewayProxyStructuredResultV2 {
  if (typeof result === "object" && result !== null && "statusCode" in result) {
    return result as APIGatewayProxyStructuredResultV2;
  }
  const body = typeof result === "string" ? result : JSON.stringify(result ?? null);
  return { statusCode: 200, headers: { "content-type": "application/json" }, body };
}

function gatewayError(statusCode: number, message: string): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify({ message }) };
}

function send(response: ServerResponse, result: APIGatewayProxyStructuredResultV2): void {
  const { statusCode = 200, headers: given = {}, cookies, body = "", isBase64Encoded } = result;
  const headers: OutgoingHttpHeaders = {};
  if (body !== "") headers["content-type"] = "text/plain;charset=utf-8";
  for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = String(value);
  if (cookies) headers["set-cookie"] = cookies;
  response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}
