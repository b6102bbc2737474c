/**
 * Finding out what became of attempts, and carrying it into the rows.
 *
 * Invariants:
 * - driven by state: any message, in any number and order, leads from the rows as they are to the rows as the chain says;
 * - what is not known stays as it is and is looked at again: the next look is queued before this one ends.
 */
import type { Rpc } from "../solana/rpc.ts";
import type { AttemptStore } from "./attempt.store.ts";
import { currentOf } from "./attempt.ts";
import { type ForkDeps, fork, lose, move } from "./fork.ts";
import { DRAFT_LIFE_MS } from "./policy.ts";
import { deadTold, type Flying, fail, finalize, land, pauseBefore, protect } from "./settle.ts";
import { sendAttempt } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";
import { type ChainView, verdictOn } from "./verdict.ts";

export interface ConfirmDeps extends ForkDeps {
  readonly attempts: Pick<AttemptStore, "expire" | "fail">;
  readonly rpc: ForkDeps["rpc"] & Pick<Rpc, "finalized" | "statuses">;
}

/** Between two looks at a trade in flight: bytes are sent again about as often as a validator forgets them. */
const LOOK_AGAIN_SECONDS = 2;

/**
 * Looks once at each of these trades; whatever goes wrong with one, or with the question for all, is looked at again.
 * Returns the ids of those for which not even that could be queued: their messages have to be delivered again.
 */
export async function confirmTrades(deps: ConfirmDeps, tradeIds: readonly string[]): Promise<readonly string[]> {
  const wanted = [...new Set(tradeIds)];
  try {
    const records = await deps.trades.findMany(wanted);
    const flights = records.flatMap((record) => {
      const current = currentOf(record.attempts);
      return current?.status === "live" || current?.status === "landed" ? [{ record, attempt: current }] : [];
    });
    const grounded = records.filter((record) => !flights.some((flight) => flight.record === record));
    const views = await viewOf(deps, flights);
    const looks = [
      ...grounded.map((record) => ({ record, look: () => nextStep(deps, record) })),
      ...flights.map(({ record, attempt }, index) => ({
        record,
        look: () => carry(deps, record, attempt, verdictOn(attempt, views.statuses[index] ?? null, views.view)),
      })),
    ];
    const failed = await Promise.all(looks.map(({ record, look }) => lookAt(deps, record.trade.tradeId, look)));
    // Most looks bring no event; one wake-up too many costs less than telling which did.
    if (flights.length > 0) await deps.wakeRelay();
    return failed.flat();
  } catch (error) {
    deps.log.error("confirm_unanswered", error, { tradeIds: wanted });
    const failed = await Promise.all(wanted.map((tradeId) => lookAgain(deps, tradeId)));
    return failed.flat();
  }
}

/** What the chain says of all that is in flight. The height first: a status that is null must be newer than it. */
async function viewOf(deps: ConfirmDeps, flights: readonly { readonly attempt: Flying }[]) {
  if (flights.length === 0) return { statuses: [], view: { finalized: { blockHeight: 0n, slot: 0n }, statusSlot: 0n } };
  const finalized = await deps.rpc.finalized();
  const { slot, statuses } = await deps.rpc.statuses(flights.map(({ attempt }) => attempt.signature));
  return { statuses, view: { finalized, statusSlot: slot } satisfies ChainView };
}

/** One look; unless it says that there is nothing more to see, another one is queued. */
async function lookAt(deps: ConfirmDeps, tradeId: string, look: () => Promise<boolean>): Promise<readonly string[]> {
  try {
    if (await look()) return [];
  } catch (error) {
    deps.log.error("confirm_failed", error, { tradeId });
  }
  return lookAgain(deps, tradeId);
}

/** Queues another look; answers with the trade if that failed. */
async function lookAgain(deps: ConfirmDeps, tradeId: string): Promise<readonly string[]> {
  try {
    await deps.queues.send("confirm", tradeId, LOOK_AGAIN_SECONDS);
    return [];
  } catch (error) {
    deps.log.error("look_not_queued", error, { tradeId });
    return [tradeId];
  }
}

/**
 * A trade with nothing in flight; true when there is nothing more to look at.
 *
 * A young draft is about to be signed. What comes before a signature is driven by the execute queue, whose message is there
 * until it is done; after a dead attempt it is called for again, in case that message was not sent.
 */
async function nextStep(deps: ConfirmDeps, record: TradeRecord): Promise<boolean> {
  const { trade, attempts } = record;
  await protect(deps, record);
  if (trade.status !== "planned" && trade.status !== "submitted") return true;
  const last = currentOf(attempts);
  if (last?.status === "drafted") return deps.clock.now().getTime() - last.draftedAt.getTime() >= DRAFT_LIFE_MS;
  if (last?.status === "errored" || last?.status === "expired") {
    await deps.queues.send("execute", trade.tradeId, pauseBefore(trade, attempts));
  }
  return true;
}

/** It cannot land any more, by the node that was asked, and no other one knows better: another attempt may follow. */
async function expire(deps: ConfirmDeps, { trade, attempts }: TradeRecord, attempt: Flying): Promise<boolean> {
  if (await deps.rpc.isKnownElsewhere(attempt.signature)) return false;
  deps.log.info("attempt_expired", { attemptId: attempt.attemptId });
  await deps.attempts.expire(attempt.attemptId, deps.clock.now(), deadTold(trade, "it did not land while it could"));
  await deps.queues.send("execute", trade.tradeId, pauseBefore(trade, attempts));
  return true;
}

/** Carries a verdict into the rows; true when there is nothing more to look at. */
async function carry(
  deps: ConfirmDeps,
  record: TradeRecord,
  attempt: Flying,
  verdict: ReturnType<typeof verdictOn>,
): Promise<boolean> {
  switch (verdict.type) {
    case "wait":
      if (attempt.status === "landed") await protect(deps, record);
      return false;
    case "rebroadcast":
      await sendAttempt(deps, record, attempt);
      return false;
    case "landed":
      await land(deps, record, attempt);
      return false;
    case "moved":
      await move(deps, record, attempt);
      return false;
    case "final":
      return finalize(deps, record, attempt);
    case "forked":
      await fork(deps, record, attempt);
      return false;
    case "lost":
      return lose(deps, record, attempt, verdict.errored);
    case "errored":
      return fail(deps, record, attempt, verdict.error);
    case "expired":
      return expire(deps, record, attempt);
    default:
      return verdict satisfies never;
  }
}
