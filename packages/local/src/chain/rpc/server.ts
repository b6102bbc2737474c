// The node's door: JSON-RPC 2.0 over HTTP, single requests and batches.

import { Hono } from "hono";
import * as z from "zod";
import { type Front, type Server, startServer } from "../../listen.ts";
import type { Node } from "../node.ts";
import { accountMethods } from "./account-methods.ts";
import { blockMethods } from "./block-methods.ts";
import { historyMethods } from "./history-methods.ts";
import type { Method } from "./method.ts";
import { invalidRequest, methodNotFound, parseError, RpcError } from "./rpc-error.ts";
import { sendMethods } from "./send-methods.ts";

const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries({ ...blockMethods, ...accountMethods, ...sendMethods, ...historyMethods }),
);

const request = z.object({ id: z.union([z.string(), z.number(), z.null()]), method: z.string(), params: z.unknown() });

const failure = (id: string | number | null, { code, message, details }: RpcError) => ({
  jsonrpc: "2.0",
  id,
  error: { code, message, ...(details !== undefined && { data: details }) },
});

function answer(node: Node, given: unknown) {
  const parsed = request.safeParse(given);
  if (!parsed.success) return failure(null, invalidRequest());
  const { id, method, params } = parsed.data;
  try {
    const run = METHODS.get(method);
    if (run === undefined) throw methodNotFound();
    return { jsonrpc: "2.0", id, result: run(node, params) };
  } catch (error) {
    if (error instanceof RpcError) return failure(id, error);
    throw error;
  }
}

/** Lamports and units are numbers in a node's JSON; genesis keeps balances below 2^53, where that is exact. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? Number(member) : member));

export function startRpc(node: Node, front?: Front): Promise<Server> {
  const app = new Hono();
  app.post("*", async (context) => {
    const respond = (body: unknown) => context.body(toJson(body), 200, { "content-type": "application/json" });
    let body: unknown;
    try {
      body = await context.req.json();
    } catch {
      return respond(failure(null, parseError()));
    }
    if (!Array.isArray(body)) return respond(answer(node, body));
    return respond(body.length === 0 ? failure(null, invalidRequest()) : body.map((one) => answer(node, one)));
  });
  return startServer(app, front);
}
