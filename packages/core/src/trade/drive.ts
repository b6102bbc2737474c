/**
 * Driving a trade from a message: its next attempt is made, or a message comes again.
 *
 * Invariant: a trade that is not finished and has nothing in flight always has a message on its way, whatever went wrong.
 */
import { type SubmitDeps, submitTrade } from "./submit.ts";

/** When not even the rows could be read: a database that sleeps is awake by then. */
const TRY_AGAIN_SECONDS = 2;

/** @throws only when the message cannot be queued again: the one that called is then delivered once more. */
export async function driveTrade(deps: SubmitDeps, tradeId: string): Promise<void> {
  const seconds = await submitted(deps, tradeId);
  if (seconds !== null) await deps.queues.send("execute", tradeId, seconds);
}

/** After how many seconds a message has to come again; null: none has to. */
async function submitted(deps: SubmitDeps, tradeId: string): Promise<number | null> {
  try {
    const submission = await submitTrade(deps, tradeId);
    return typeof submission === "object" ? submission.laterSeconds : null;
  } catch (error) {
    deps.log.error("attempt_postponed", error, { tradeId });
    return TRY_AGAIN_SECONDS;
  }
}
