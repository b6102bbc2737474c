/**
 * Carrying what the chain says of an attempt into the rows: its fill, and its end.
 *
 * Invariants:
 * - amounts come from the transaction as the chain tells it, never from a quote;
 * - a position is protected when its entry is confirmed, and closed only when its entry and its exits are final, by whichever
 *   is so last: none of them waits for another;
 * - what an exit left, and no other exit is meant for, is watched again;
 * - what an exit took beyond what its position held is booked when it is final, on its attempt alone, and told.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import { failureOf } from "../jupiter/program-error.ts";
import type { Log } from "../log.ts";
import { marketOf } from "../market/market.ts";
import { type Amount, add, amount, parseAmount, ZERO } from "../money/amount.ts";
import { book, held, type Position, shareOf } from "../position/position.ts";
import { entryPrice } from "../position/profit.ts";
import { lastPrice } from "../price/last.ts";
import type { Queues } from "../queue/queue.ts";
import { fillOf } from "../solana/fill.ts";
import type { Rpc } from "../solana/rpc.ts";
import { armedStop } from "../stop/stop.store.ts";
import type { Watch } from "../stop/watch.ts";
import type { AttemptStore } from "./attempt.store.ts";
import { type Attempt, triesOf } from "./attempt.ts";
import { positionClosed, positionOpened, positionUpdated, tradeConfirmed } from "./events.ts";
import { worthOf } from "./exit.ts";
import { type FeeDeps, feeInQuote } from "./fee.ts";
import type { FillStore } from "./fill.store.ts";
import { pauseAfter, triesAtTheCap } from "./policy.ts";
import { alarmsOf } from "./setback.ts";
import { type SendDeps, sendAttempt } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";
import type { Trade } from "./trade.ts";

export interface SettleDeps extends FeeDeps, SendDeps {
  readonly config: Pick<Config, "exits">;
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
  if (trade.kind === "exit" && fill.amountIn > held(position.totals)) return landBeyond(deps, record, attempt);
  const market = marketOf(deps.markets, trade.symbol);
  const feeQuote = await feeInQuote(deps, market, fill.feeLamports + fill.tipLamports);
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

/**
 * It took more than its position has: something else that was taken for dead had taken that before. Until it is final it may be
 * forked away, and nothing is booked.
 */
async function landBeyond(deps: SettleDeps, { trade, position, wallet }: TradeRecord, attempt: Flying): Promise<void> {
  const transaction = await deps.rpc.transaction(attempt.signature, "finalized");
  if (!transaction || transaction.error !== null) return;
  const fill = fillOf(transaction, wallet, trade.inputMint, trade.outputMint);
  const feeQuote = await feeInQuote(deps, marketOf(deps.markets, trade.symbol), fill.feeLamports + fill.tipLamports);
  const share = shareOf(fill, held(position.totals));
  const totals = book(position.totals, trade.kind, { ...fill, ...share }, feeQuote);
  const told = `it took ${fill.amountIn} base units, and its position had ${share.amountIn} of them`;
  deps.log.info("fill_beyond", {
    attemptId: attempt.attemptId,
    amountIn: String(fill.amountIn),
    had: String(share.amountIn),
  });
  await deps.fills.landBeyond({
    attemptId: attempt.attemptId,
    fill,
    feeQuote,
    position,
    share,
    events: [
      tradeConfirmed(trade, attempt, fill),
      positionUpdated(position, totals, position.status),
      alarmRaised(trade, "EXIT_WITHOUT_ENTRY", told),
    ],
    ending: position.exiting === trade.amountIn ? closing(deps, trade, { ...position, totals }, ZERO) : [],
    at: deps.clock.now(),
  });
}

/** Tells the book of a watched position's stop. Told again at every look at a trade of it: a lost message changes nothing. */
export async function protect(deps: SettleDeps, { position }: TradeRecord): Promise<void> {
  const armed = armedStop(position);
  if (armed) await deps.watch.arm(armed);
}

/**
 * If nothing of its position is meant for another exit, it may be over with this, or watched again: whether all the rest of it
 * is final is for the statement to see.
 */
export async function finalize(deps: SettleDeps, record: TradeRecord, attempt: Flying): Promise<boolean> {
  const { trade, position } = record;
  const isLast = position.exiting === 0n;
  const dust = isLast && position.status === "closing" ? await dustOf(deps, position) : ZERO;
  const left = held(position.totals) - dust;
  const resumes = isLast && position.status === "closing" && left > 0n;
  await protect(deps, record);
  const final = await deps.fills.finalize(
    attempt.attemptId,
    position,
    dust,
    isLast && left === 0n
      ? closing(deps, trade, position, dust)
      : resumes
        ? [positionUpdated(position, position.totals, "open")]
        : [],
    deps.clock.now(),
  );
  if (final && resumes) await protectAgain(deps, trade);
  return final;
}

/** What is held and would not be missed, nor taken by any route; zero: it is none, or more than that. */
async function dustOf(deps: SettleDeps, { side, symbol, totals }: Position): Promise<Amount> {
  const market = marketOf(deps.markets, symbol);
  const rest = held(totals);
  if (rest === 0n) return ZERO;
  const worth = worthOf(rest, side, totals, await lastPrice(deps, symbol), market);
  return worth <= parseAmount(deps.config.exits.dust, market.quoteDecimals) ? rest : ZERO;
}

/** What is told when it is over; nothing when it cannot be. */
function closing({ markets }: SettleDeps, trade: Trade, position: Position, dust: Amount): readonly NewEvent[] {
  const hasEntered = position.status === "open" || position.status === "closing";
  if (!hasEntered || position.totals.entryOut === 0n) return [];
  const totals = { ...position.totals, dust: add(position.totals.dust, dust) };
  const told = `${dust} base units stay in the wallet: worth too little for any route`;
  // Of an open one nobody has asked for its end: its entry brought no more than had left it already.
  const reason = position.status === "closing" ? position.closeReason : "closed_externally";
  return [
    ...(dust > 0n ? [alarmRaised(trade, "DUST_LEFT", told)] : []),
    positionClosed({ ...position, totals }, reason, marketOf(markets, trade.symbol)),
  ];
}

/** What is left of a position is watched again. */
async function protectAgain(deps: SettleDeps, { tradeId }: Trade): Promise<void> {
  const record = await deps.trades.find(tradeId);
  if (record) await protect(deps, record);
}

/** It did nothing but cost its fee, and another attempt may follow. */
export async function fail(
  deps: SettleDeps,
  { trade, attempts }: TradeRecord,
  attempt: Flying,
  error: string,
): Promise<boolean> {
  const transaction = await deps.rpc.transaction(attempt.signature, "finalized");
  if (!transaction) return false;
  deps.log.info("attempt_errored", { attemptId: attempt.attemptId, error });
  const feeLamports = amount(transaction.feeLamports);
  const { kind: cause, message } = failureOf(error, transaction.logs);
  const feeQuote = await feeInQuote(deps, marketOf(deps.markets, trade.symbol), feeLamports);
  const told = deadTold(trade, message);
  await deps.attempts.fail(attempt.attemptId, { error: message, cause, feeLamports }, feeQuote, deps.clock.now(), told);
  await deps.queues.send("execute", trade.tradeId, pauseBefore(trade, attempts));
  return true;
}

/** An attempt has died, which is a setback: of an exit a person is told when there are many. */
export const deadTold = (trade: Trade, why: string): readonly NewEvent[] =>
  alarmsOf(trade, "EXIT_DELAYED", `an attempt came to nothing: ${why}`);

/** Before the next attempt after one that died: none on the ladder, and a growing one past its end. */
export const pauseBefore = ({ kind, triesBefore }: Trade, attempts: readonly Attempt[]): number =>
  pauseAfter(triesAtTheCap(kind, triesOf(triesBefore, attempts)));
