import { createServer } from "node:net";
import { listen } from "../src/listen.ts";

/** A port of loopback that nobody had a moment ago: servers that cannot choose one themselves are told it. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const address = await listen(server);
  await server[Symbol.asyncDispose]();
  return Number(address.split(":")[1]);
}
