import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo, Server as AnyServer } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";

export type Serve = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/** What stands between a server and those who ask it. */
export type Front = (serve: Serve) => Serve;

/** Nothing does. */
const direct: Front = (serve) => serve;

export function serverOf({ fetch }: { readonly fetch: Serve }, front: Front = direct): HttpServer {
  const serve = front(fetch);
  const listener = getRequestListener((request, bindings) => serve(request, bindings as HttpBindings), {
    // By default the adapter swaps the global Request and Response for its own, also for everybody else in the process.
    overrideGlobalObjects: false,
  });
  return createServer(listener);
}

/**
 * Starts a server on the loopback interface, since nothing of the local stack is for other machines, and answers with
 * its `host:port`. Port 0 is a free one of the system's choosing.
 */
export async function listen(server: AnyServer, port = 0): Promise<string> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Stops a server at once: clients keep idle connections open that nobody else would end. */
export async function stop(server: HttpServer): Promise<void> {
  const closed = server[Symbol.asyncDispose]();
  server.closeAllConnections();
  await closed;
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** A Hono app on a free port. */
export async function startServer(app: { readonly fetch: Serve }, front?: Front): Promise<Server> {
  const server = serverOf(app, front);
  const address = await listen(server);
  return { url: `http://${address}`, close: () => stop(server) };
}
