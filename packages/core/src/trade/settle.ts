/**
 * Carrying what the chain says of an attempt into the rows: its fill, where it stands now, its end.
 *
 * Invariants:
 * - amounts come from the transaction as the chain tells it, never from a quote;
 * - a position is protected when its entry is confirmed, and closed only when its exit is final;
 * - what an exit left, and no other exit is meant for, is watched again.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { marketOf } from "../market/market.ts";
import { amount } from "../money/amount.ts";
import { book, held, transition, unbook } from "../position/position.ts";
import { entryPrice } from "../position/profit.ts";
import type { Queues } from "../queue/queue.ts";
import { fillOf } from "../solana/fill.ts";
import type { Rpc } from "../solana/rpc.ts";
import { armedStop } from "../stop/stop.store.ts";
import type { Watch } from "../stop/watch.ts";
import type { AttemptStore } from "./attempt.store.ts";
import type { Attempt } from "./attempt.ts";
import { positionClosed, positionOpened, positionUpdated, tradeConfirmed } from "./events.ts";
import { type FeeDeps, feeInQuote } from "./fee.ts";
import type { FillStore } from "./fill.store.ts";
import { type SendDeps, sendAttempt } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";
import type { Trade } from "./trade.ts";

export interface SettleDeps extends FeeDeps, SendDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly attempts: Pick<AttemptStore, "fail">;
  readonly fills: FillStore;
  readonly rpc: Pick<Rpc, "transaction" | "send">;
  readonly queues: Queues;
  readonly watch: Watch;
}

/** An attempt that may be on the chain, or is. */
export type Flying = Extract<Attempt, { status: "live" | "landed" }>;

/** Books the fill and, if it opened the position, protects it. */
export async function land(deps: SettleDeps, record: TradeRecord, attempt: Flying): Promise<void> {
  // A signature was stored and its function died before the trade was submitted: that step comes first.
  if (record.trade.status === "planned") return void (await sendAttempt(deps, record, attempt));
  const { trade, position } = record;
  const transaction = await deps.rpc.transaction(attempt.signature, "confirmed");
  if (!transaction || transaction.error !== null) return;
  const fill = fillOf(transaction, record.wallet, trade.inputMint, trade.outputMint);
  const market = marketOf(deps.markets, trade.symbol);
  const feeQuote = await feeInQuote(deps, market, fill.feeLamports);
  const totals = book(position.totals, trade.kind, fill, feeQuote);
  const enters = trade.kind === "entry" && position.status === "opening";
  const landed = await deps.fills.land({
    attemptId: attempt.attemptId,
    fill,
    feeQuote,
    judged: position.status,
    entryPrice: trade.kind === "entry" ? entryPrice({ side: position.side, totals }, market) : null,
    events: [
      tradeConfirmed(trade, attempt, fill),
      enters ? positionOpened(position, totals, market) : positionUpdated(position, totals, position.status),
    ],
    at: deps.clock.now(),
  });
  if (!landed) return;
  const now = await deps.trades.find(trade.tradeId);
  if (now) await protect(deps, now);
}

/** The chain keeps the swap, in another block, perhaps with other amounts: they are booked instead. */
export async function move(deps: SettleDeps, { trade, wallet }: TradeRecord, attempt: Flying): Promise<void> {
  const transaction = await deps.rpc.transaction(attempt.signature, "confirmed");
  if (!transaction || transaction.error !== null) return;
  const fill = fillOf(transaction, wallet, trade.inputMint, trade.outputMint);
  deps.log.info("fill_moved", { attemptId: attempt.attemptId, slot: String(fill.slot) });
  await deps.fills.move(
    attempt.attemptId,
    fill,
    await feeInQuote(deps, marketOf(deps.markets, trade.symbol), fill.feeLamports),
  );
}

/** The chain has lost the swap: what it moved is taken back, and it may land again. */
export async function fork(deps: SettleDeps, { trade, position }: TradeRecord, attempt: Flying): Promise<void> {
  if (attempt.status !== "landed") return;
  deps.log.info("fill_forked", { attemptId: attempt.attemptId });
  const totals = unbook(position.totals, trade.kind, attempt.fill);
  const status = trade.kind === "entry" && position.status === "open" ? "opening" : position.status;
  const events = [positionUpdated(position, totals, status)];
  await deps.fills.fork(attempt.attemptId, position.status, events, deps.clock.now());
}

/** Tells the book of an open position's stop. Told again at every look until its entry is final: a lost message changes nothing. */
export async function protect(deps: SettleDeps, { trade, position }: TradeRecord): Promise<void> {
  const armed = trade.kind === "entry" ? armedStop(position) : null;
  if (armed) await deps.watch.arm(armed);
}

export async function finalize(deps: SettleDeps, record: TradeRecord, attempt: Flying): Promise<boolean> {
  const { trade, position } = record;
  const closes =
    trade.kind === "exit" && position.status === "closing" && held(position.totals) === 0n
      ? transition(position, { type: "finish", at: deps.clock.now(), reason: position.closeReason })
      : null;
  const resumes =
    trade.kind === "exit" && position.status === "closing" && position.exiting === 0n && held(position.totals) > 0n;
  await protect(deps, record);
  const final = await deps.fills.finalize(
    attempt.attemptId,
    position,
    closes?.status === "closed"
      ? [positionClosed(closes, closes.closeReason, marketOf(deps.markets, trade.symbol))]
      : resumes
        ? [positionUpdated(position, position.totals, "open")]
        : [],
    deps.clock.now(),
  );
  if (final && resumes) await tellAgain(deps, trade);
  return final;
}

/** What is left of a position is watched again. */
async function tellAgain(deps: SettleDeps, { tradeId }: Trade): Promise<void> {
  const record = await deps.trades.find(tradeId);
  const armed = record && armedStop(record.position);
  if (armed) await deps.watch.arm(armed);
}

/** It did nothing but cost its fee, and another attempt may follow. */
export async function fail(deps: SettleDeps, { trade }: TradeRecord, attempt: Flying, error: string): Promise<boolean> {
  const transaction = await deps.rpc.transaction(attempt.signature, "finalized");
  if (!transaction) return false;
  deps.log.info("attempt_errored", { attemptId: attempt.attemptId, error });
  const feeLamports = amount(transaction.feeLamports);
  const feeQuote = await feeInQuote(deps, marketOf(deps.markets, trade.symbol), feeLamports);
  await deps.attempts.fail(attempt.attemptId, { error, feeLamports }, feeQuote, deps.clock.now());
  await deps.queues.send("execute", trade.tradeId, 0);
  return true;
}
