/**
 * Driving a trade from a message: its next attempt is made, or the message comes again.
 *
 * Invariant: a trade that is not finished and has nothing in flight always has a message on its way, whatever went wrong.
 */
import { type SubmitDeps, submitTrade } from "./submit.ts";

/** Between two tries: a quote's worth of time, within Jupiter's slowest plan for one trade. */
const TRY_AGAIN_SECONDS = 2;

/** @throws only when the message cannot be queued again: the one that called is then delivered once more. */
export async function driveTrade(deps: SubmitDeps, tradeId: string): Promise<void> {
  try {
    if ((await submitTrade(deps, tradeId)) !== "later") return;
  } catch (error) {
    deps.log.error("attempt_postponed", error, { tradeId });
  }
  await deps.queues.send("execute", tradeId, TRY_AGAIN_SECONDS);
}
