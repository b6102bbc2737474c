/** A Hono app on a free port of the loopback interface. */
import type { Hono } from "hono";
import { listen, serverOf, stop } from "./aws/listen.ts";

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

export async function startServer(app: Hono): Promise<Server> {
  const server = serverOf(app);
  const address = await listen(server);
  return { url: `http://${address}`, close: () => stop(server) };
}
