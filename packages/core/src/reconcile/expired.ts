/**
 * Is what was proven unable to land on the chain after all?
 *
 * Invariants:
 * - a signature is asked for until a day after it expired, at `finalized` alone;
 * - what is there is booked, with an alarm, by its trade if that is not over; what is there with an error costs its fee, without one: nothing moved.
 */
import type { Clock } from "../clock.ts";
import { failureOf } from "../jupiter/program-error.ts";
import type { Log } from "../log.ts";
import { marketOf } from "../market/market.ts";
import { amount } from "../money/amount.ts";
import type { Queues } from "../queue/queue.ts";
import { fillOf, type LandedTransaction } from "../solana/fill.ts";
import type { Rpc, SignatureStatus } from "../solana/rpc.ts";
import type { AttemptStore } from "../trade/attempt.store.ts";
import { type FeeDeps, feeInQuote } from "../trade/fee.ts";
import type { FillStore } from "../trade/fill.store.ts";
import type { TradeRecord, TradeStore } from "../trade/trade.store.ts";
import type { TurnStore } from "../trade/turn.store.ts";
import { besideOf, type ExpiredAttempt, landingOf, lateness } from "./late.ts";
import type { Expired, ReconcileStore } from "./reconcile.store.ts";

export interface ExpiredDeps extends FeeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly looks: Pick<ReconcileStore, "expired">;
  readonly trades: Pick<TradeStore, "find" | "findExit">;
  readonly attempts: Pick<AttemptStore, "fail">;
  readonly fills: Pick<FillStore, "land" | "landLate">;
  readonly turns: Pick<TurnStore, "take">;
  readonly rpc: Pick<Rpc, "statuses" | "transaction">;
  readonly queues: Queues;
}

/**
 * A signature is taken for dead only after a node past its last slot denied it, so what comes after that comes from a node
 * that was wrong. One that is wrong for a day is out of use.
 */
const ASKED_FOR_MS = 24 * 60 * 60 * 1000;

/** As many as a node tells at once. */
const PAGE = 256;

/** About what an exit that expires without end leaves in a day, and 40 s of questions if each of them runs out of time. */
const PAGES_MAX = 8;

/** By then what is confirmed is final, and what was in flight has landed or is about to be dead. */
const LOOK_AGAIN_SECONDS = 30;

/** Until after the next look, however long its message is on its way. */
const HOLD_MS = 2 * LOOK_AGAIN_SECONDS * 1000;

/** The first look of those who carry it on: after it is booked. */
const CONFIRM_AFTER_SECONDS = 2;

/** Of these trades, or of all: the latest first, since an error shows early. @throws when one could not be asked for, or not be booked. */
export async function recheckExpired(deps: ExpiredDeps, tradeIds: readonly string[] | null): Promise<void> {
  const since = new Date(deps.clock.now().getTime() - ASKED_FOR_MS);
  const failed: unknown[] = [];
  let last: Expired | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page: readonly Expired[] = await deps.looks.expired(since, tradeIds, last, PAGE);
    last = page.at(-1) ?? null;
    if (!last) break;
    const { statuses } = await deps.rpc.statuses(page.map((each) => each.signature));
    const there = page.map((each, index) => ({ each, status: statuses[index] ?? null }));
    for (const { each, status } of there) if (status) await settleAlone(deps, each, status, failed);
    if (page.length < PAGE) break;
  }
  if (failed.length > 0) throw new AggregateError(failed, `${failed.length} late landings could not be booked`);
}

/** What is wrong with one keeps nobody from the others. */
async function settleAlone(
  deps: ExpiredDeps,
  each: Expired,
  status: SignatureStatus,
  failed: unknown[],
): Promise<void> {
  try {
    await settle(deps, each, status);
  } catch (error) {
    deps.log.error("late_landing_not_booked", error, { attemptId: each.attemptId });
    failed.push(error);
  }
}

async function settle(deps: ExpiredDeps, { attemptId, tradeId }: Expired, status: SignatureStatus): Promise<void> {
  if (status.commitment !== "finalized") return lookAgain(deps, tradeId);
  const record = await deps.trades.find(tradeId);
  const attempt = record?.attempts.find((each) => each.attemptId === attemptId);
  // Somebody else has booked it, or the node has a status and not yet the transaction: the next look asks again.
  if (!record || attempt?.status !== "expired") return;
  const transaction = await deps.rpc.transaction(attempt.signature, "finalized");
  if (!transaction) return;
  if (transaction.error !== null) return fail(deps, record, attempt, transaction.error, transaction);
  deps.log.info("landed_late", { attemptId, trade: record.trade.status, position: record.position.status });
  await land(deps, record, attempt, transaction);
}

async function land(
  deps: ExpiredDeps,
  record: TradeRecord,
  attempt: ExpiredAttempt,
  transaction: LandedTransaction,
): Promise<void> {
  const { trade, position, wallet } = record;
  const { markets } = deps;
  const fill = fillOf(transaction, wallet, trade.inputMint, trade.outputMint);
  const late = lateness(record, fill);
  if (late.type === "waits") return waitFor(deps, record, late.holds);
  const feeQuote = await feeInQuote(deps, marketOf(markets, trade.symbol), fill.feeLamports + fill.tipLamports);
  const booking = { attempt, fill, feeQuote, markets, at: deps.clock.now() };
  if (late.type === "beside") {
    const otherExits = (await deps.trades.findExit(position.positionId)) !== null;
    const booked = await deps.fills.landLate(besideOf(record, booking, late.counts, otherExits));
    return booked ? undefined : lookAgain(deps, trade.tradeId);
  }
  await deps.queues.send("confirm", trade.tradeId, CONFIRM_AFTER_SECONDS);
  const landed = await deps.fills.land(landingOf(record, booking));
  // An attempt came in between, or another exit of the position is in flight.
  return landed ? undefined : waitFor(deps, record, true);
}

/** Has another look, and until then takes the turn: whatever dies meanwhile is followed by nothing. */
async function waitFor(deps: ExpiredDeps, { trade, attempts }: TradeRecord, holds: boolean): Promise<void> {
  if (holds) await deps.turns.take(trade, attempts.length, new Date(deps.clock.now().getTime() + HOLD_MS));
  await lookAgain(deps, trade.tradeId);
}

async function fail(
  deps: ExpiredDeps,
  { trade }: TradeRecord,
  { attemptId }: ExpiredAttempt,
  error: string,
  { feeLamports: charged, logs }: LandedTransaction,
): Promise<void> {
  const feeLamports = amount(charged);
  const feeQuote = await feeInQuote(deps, marketOf(deps.markets, trade.symbol), feeLamports);
  const { kind: cause, message } = failureOf(error, logs);
  deps.log.info("errored_late", { attemptId, error });
  await deps.attempts.fail(attemptId, { error: message, cause, feeLamports }, feeQuote, deps.clock.now());
}

const lookAgain = (deps: ExpiredDeps, tradeId: string): Promise<void> =>
  deps.queues.send("reconcile", tradeId, LOOK_AGAIN_SECONDS);
