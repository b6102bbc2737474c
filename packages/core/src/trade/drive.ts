/**
 * Driving a trade from a message: its next attempt is made, or the message comes again.
 *
 * Invariant: a trade that is not finished and has nothing in flight always has a message on its way.
 */
import { isEngineError } from "../error.ts";
import { type SubmitDeps, submitTrade } from "./submit.ts";

/** Between two tries at an attempt: a quote's worth of time, and well within Jupiter's slowest plan for one trade. */
const TRY_AGAIN_SECONDS = 2;

/** @throws whatever is a bug and not an upstream's refusal: the message is then delivered again, and ends as a dead letter. */
export async function driveTrade(deps: SubmitDeps, tradeId: string): Promise<void> {
  try {
    if ((await submitTrade(deps, tradeId)) !== "later") return;
  } catch (error) {
    if (!isEngineError(error)) throw error;
    deps.log.error("attempt_postponed", error, { tradeId });
  }
  await deps.queues.send("execute", tradeId, TRY_AGAIN_SECONDS);
}
