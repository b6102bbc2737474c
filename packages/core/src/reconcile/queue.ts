/**
 * When a trade is looked at, whatever else drives it.
 *
 * Invariant: queued before the trade is planned, so that there is none that nobody will look at; without a trade by that
 * name the look finds nothing.
 */
import type { Queues } from "../queue/queue.ts";

/**
 * After the first of these a trade is over, unless something is wrong: a transaction lives about 40 s and is final within
 * 15 more. The second is as far ahead as a queue can look, and the pace at which a trade that goes on is looked at.
 */
const SOON_SECONDS = 120;
export const LATER_SECONDS = 900;

export async function queueReconcile(queues: Queues, tradeId: string): Promise<void> {
  await Promise.all([SOON_SECONDS, LATER_SECONDS].map((seconds) => queues.send("reconcile", tradeId, seconds)));
}
