/** A node of a chain that is made up: it answers each call as it is told to, and keeps what it was asked. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A result, or what the node refuses with. */
export type Reply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } };

export interface JsonRpcServer {
  readonly url: string;
  /** Since the last `reply`. */
  readonly calls: readonly Call[];
  /** What everybody is answered from now on. */
  reply(reply: (call: Call) => Reply): void;
  close(): void;
}

export async function startJsonRpcServer(): Promise<JsonRpcServer> {
  const calls: Call[] = [];
  let replyTo: (call: Call) => Reply = () => ({ error: { code: -32601, message: "Method not found" } });
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { id, method, params = [] } = JSON.parse(body);
    const call: Call = { method, params };
    calls.push(call);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...replyTo(call) }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    reply(reply) {
      calls.length = 0;
      replyTo = reply;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
