/**
 * The next attempt of an entry: within its life, at a price its caller could have seen, or none at all.
 *
 * Invariants: an entry that has ended is told with the last reason there was; none gets an attempt after its life, or once its
 * position is to be closed.
 */
import { alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import type { Quote } from "../jupiter/client.ts";
import { checkPriceImpact, type DraftDeps, type Drafted, makeDraft } from "./draft.ts";
import { tradeFailed } from "./events.ts";
import { ENTRY_LIFE_MS, mayTryAgain } from "./policy.ts";
import { failureFrom, postpone, type SetbackDeps } from "./setback.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";
import type { TradeFailure } from "./trade.ts";

export interface EntryAttemptDeps extends DraftDeps, SetbackDeps {
  readonly trades: TradeStore;
}

export type NextEntry =
  | Drafted
  /** It has ended, or its next try has a message of its own. */
  | { readonly type: "settled" };

export async function nextEntry(
  deps: EntryAttemptDeps,
  record: TradeRecord,
  preview: Quote | undefined,
): Promise<NextEntry> {
  const end = entryEnd(record, deps.clock.now());
  if (end) return (await failEntry(deps, record, end)) ? { type: "settled" } : { type: "lost" };
  const { maxPriceImpactBps } = deps.config.jupiter;
  try {
    return await makeDraft(deps, record, (quote) => checkPriceImpact(quote, maxPriceImpactBps), preview);
  } catch (error) {
    await postpone(deps, record, failureFrom(error));
    return { type: "settled" };
  }
}

/** Why it gets no further attempt; null: it does. */
function entryEnd({ trade, attempts, position }: TradeRecord, now: Date): TradeFailure | null {
  const made = attempts.filter((attempt) => attempt.status !== "abandoned").length;
  const last = attempts.at(-1);
  const cause = last?.status === "errored" ? last.error : "none landed while it could";
  if (!mayTryAgain(trade.kind, made)) return { code: "TRANSACTION_FAILED", message: `${made} attempts: ${cause}` };
  if (position.status !== "opening") return { code: "TRANSACTION_FAILED", message: "its position is to be closed" };
  if (now.getTime() - trade.plannedAt.getTime() <= ENTRY_LIFE_MS) return null;
  const life = `${ENTRY_LIFE_MS / 1000} s`;
  if (made > 0) return { code: "TRANSACTION_FAILED", message: `${made} attempts in ${life}: ${cause}` };
  const { code, message } = lastSetback({ trade, attempts });
  return { code, message: `it could not be sent within ${life}: ${message}` };
}

function lastSetback({ trade, attempts }: Pick<TradeRecord, "trade" | "attempts">): TradeFailure {
  if (trade.setbacks.last) return trade.setbacks.last;
  const last = attempts.at(-1);
  return last?.status === "abandoned" && last.refusal
    ? { code: "TRANSACTION_FAILED", message: last.refusal.error }
    : { code: "NETWORK_ERROR", message: "no attempt was made" };
}

/** What should never be signed wakes a person, also where nothing is lost by it. */
const unsafeTold = (trade: TradeRecord["trade"], { code, message }: TradeFailure): readonly NewEvent[] =>
  code === "UNSAFE_TRANSACTION" ? [alarmRaised(trade, code, `${code}: ${message}`)] : [];

/** Fails for good, with its draft if it has one. False: something has changed, so it is to be looked at again. */
export async function failEntry(
  deps: EntryAttemptDeps,
  { trade, attempts }: TradeRecord,
  failure: TradeFailure,
  draft: { readonly attemptId: string; readonly number: number } | null = null,
): Promise<boolean> {
  const failed = await deps.trades.fail({
    tradeId: trade.tradeId,
    attempts: draft?.number ?? attempts.length,
    draft: draft?.attemptId ?? null,
    failure,
    events: [tradeFailed(trade, failure), ...unsafeTold(trade, failure)],
    at: deps.clock.now(),
  });
  if (failed) await deps.wakeRelay();
  return failed;
}
