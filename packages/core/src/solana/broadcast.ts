/** The same bytes to every node: one that takes them is enough, and the chain takes them once however many do. */
import { EngineError } from "../error.ts";
import type { Node } from "./node.ts";

/** A node that has the transaction in a block: as good as taken, and what became of it is for its status to say. */
const PROCESSED_ALREADY = /already been processed|AlreadyProcessed/;

/**
 * Resolves with the first node that took the bytes.
 *
 * @throws EngineError NETWORK_ERROR when none did; whether one of them passed them on is unknown all the same.
 */
export async function broadcast(nodes: readonly Node[], transaction: Uint8Array): Promise<void> {
  try {
    await Promise.any(nodes.map((node) => sendTo(node, transaction)));
  } catch (cause) {
    const failures = cause instanceof AggregateError ? (cause.errors as readonly unknown[]) : [cause];
    const detail = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))).join("; ");
    throw new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome: "unknown" }, { cause });
  }
}

async function sendTo(node: Node, transaction: Uint8Array): Promise<void> {
  try {
    await node.ask("sendTransaction", (connection) =>
      // No preflight: its refusal would leave bytes that may still land, to be waited out for their whole life. No
      // retries by the node: they are sent again by whoever waits for them.
      connection.sendRawTransaction(transaction, { skipPreflight: true, maxRetries: 0 }),
    );
  } catch (error) {
    if (!(error instanceof EngineError && PROCESSED_ALREADY.test(error.message))) throw error;
  }
}
