import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo, Server as AnyServer } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

export function serverOf(app: Hono): HttpServer {
  // By default the adapter swaps the global Request and Response for its own, also for everybody else in the process.
  return createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
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
export async function startServer(app: Hono): Promise<Server> {
  const server = serverOf(app);
  const address = await listen(server);
  return { url: `http://${address}`, close: () => stop(server) };
}
