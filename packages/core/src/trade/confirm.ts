/**
 * Finding out what became of attempts, and carrying it into the rows.
 *
 * Invariants:
 * - driven by state: any message, in any number and order, leads from the rows as they are to the rows as the chain says;
 * - a position is protected when its entry is confirmed and closed only when its exit is final;
 * - what is not known stays as it is and is looked at again: the next look is queued before this one ends.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { isSolMarket, type Market } from "../market/market.ts";

import { type Amount, amount } from "../money/amount.ts";
import { type Price, valueAt } from "../money/price.ts";
import { armedStop } from "../position/position.store.ts";
import { book, held, transition } from "../position/position.ts";
import { entryPrice } from "../position/profit.ts";
import type { Queues } from "../queue/queue.ts";
import { fillOf } from "../solana/fill.ts";
import type { Rpc } from "../solana/rpc.ts";
import type { WatchStore } from "../stop/watch.store.ts";
import type { Watch } from "../stop/watch.ts";
import type { AttemptStore } from "./attempt.store.ts";
import type { Attempt } from "./attempt.ts";
import { positionClosed, positionOpened, positionUpdated, tradeConfirmed } from "./events.ts";
import { sendAttempt } from "./submit.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";
import { type ChainView, verdictOn } from "./verdict.ts";

export interface ConfirmDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly trades: TradeStore;
  readonly attempts: AttemptStore;
  readonly rpc: Pick<Rpc, "finalized" | "statuses" | "transaction" | "send">;
  readonly queues: Queues;
  readonly watch: Watch;
  readonly prices: Pick<WatchStore, "prices">;
  readonly markets: readonly Market[];
}

/** Between two looks at a trade in flight: bytes are sent again about as often as a validator forgets them. */
const LOOK_AGAIN_SECONDS = 2;

/** SOL moves by less than a fee's worth in this time, and an older price says the evaluator was not running. */
const FEE_PRICE_AGE_MS = 60_000;

type Flying = Extract<Attempt, { status: "live" | "landed" }>;

/** Looks once at each of these trades; an error of one does not keep the others. Returns the ids that failed. */
export async function confirmTrades(deps: ConfirmDeps, tradeIds: readonly string[]): Promise<readonly string[]> {
  const records = await deps.trades.findMany([...new Set(tradeIds)]);
  const flights = records.flatMap((record) => {
    const last = record.attempts.at(-1);
    return last?.status === "live" || last?.status === "landed" ? [{ record, attempt: last }] : [];
  });
  const failed: string[] = [];
  const guarded = async (tradeId: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      deps.log.error("confirm_failed", error, { tradeId });
      failed.push(tradeId);
    }
  };

  for (const record of records) {
    if (!flights.some((flight) => flight.record === record)) {
      await guarded(record.trade.tradeId, () => nextStep(deps, record));
    }
  }
  if (flights.length === 0) return failed;

  // The height first: a status that is null must come from a node that has seen more than the height tells.
  const finalized = await deps.rpc.finalized();
  const { slot, statuses } = await deps.rpc.statuses(flights.map(({ attempt }) => attempt.signature));
  for (const [index, { record, attempt }] of flights.entries()) {
    await guarded(record.trade.tradeId, async () => {
      const view: ChainView = { finalized, statusSlot: slot };
      const over = await carry(deps, record, attempt, verdictOn(attempt, statuses[index] ?? null, view));
      if (!over) await deps.queues.send("confirm", record.trade.tradeId, LOOK_AGAIN_SECONDS);
    });
  }
  return failed;
}

/** A trade with nothing in flight: its next attempt is for the other queue, and a finished one is left alone. */
async function nextStep(deps: ConfirmDeps, { trade }: TradeRecord): Promise<void> {
  if (trade.status === "planned" || trade.status === "submitted") await deps.queues.send("execute", trade.tradeId, 0);
}

/** Carries a verdict into the rows; true when there is nothing more to look at. */
async function carry(
  deps: ConfirmDeps,
  record: TradeRecord,
  attempt: Flying,
  verdict: ReturnType<typeof verdictOn>,
): Promise<boolean> {
  const now = deps.clock.now();
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
    case "final":
      return finalize(deps, record, attempt);
    case "forked":
      await deps.attempts.fork(
        attempt.attemptId,
        record.position.status,
        [positionUpdated(record.position, record.position.totals, "forked")],
        now,
      );
      return false;
    case "errored":
      return fail(deps, record, attempt, verdict.error);
    case "expired":
      deps.log.info("attempt_expired", { attemptId: attempt.attemptId });
      await deps.attempts.expire(attempt.attemptId, now);
      await deps.queues.send("execute", record.trade.tradeId, 0);
      return true;
    default:
      return verdict satisfies never;
  }
}

/** Books the fill and, if it opened the position, protects it. */
async function land(deps: ConfirmDeps, record: TradeRecord, attempt: Flying): Promise<void> {
  // A signature was stored and its function died before the trade was submitted: that step comes first.
  if (record.trade.status === "planned") return void (await sendAttempt(deps, record, attempt));
  const { trade, position } = record;
  const transaction = await deps.rpc.transaction(attempt.signature, "confirmed");
  if (!transaction || transaction.error !== null) return;
  const fill = fillOf(transaction, record.wallet, trade.inputMint, trade.outputMint);
  const market = marketOf(deps, trade.symbol);
  const feeQuote = await feeInQuote(deps, market, fill.feeLamports);
  const totals = book(position.totals, trade.kind, fill, feeQuote);
  const enters = trade.kind === "entry" && position.status === "opening";
  const landed = await deps.attempts.land({
    attemptId: attempt.attemptId,
    fill,
    feeQuote,
    judged: position.status,
    entryPrice: trade.kind === "entry" ? entryPrice(totals, market) : null,
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

/** Arms the stop of an open position. Told again at every look until its entry is final: a lost message changes nothing. */
async function protect(deps: ConfirmDeps, { trade, position }: TradeRecord): Promise<void> {
  const armed = trade.kind === "entry" ? armedStop(position) : null;
  if (armed) await deps.watch.arm(armed);
}

async function finalize(deps: ConfirmDeps, record: TradeRecord, attempt: Flying): Promise<boolean> {
  const { trade, position } = record;
  const closes =
    trade.kind === "exit" && position.status === "closing" && held(position.totals) === 0n
      ? transition(position, { type: "finish", at: deps.clock.now(), reason: position.closeReason })
      : null;
  await protect(deps, record);
  return deps.attempts.finalize(
    attempt.attemptId,
    position.status,
    closes?.status === "closed" ? [positionClosed(closes, closes.closeReason, marketOf(deps, trade.symbol))] : [],
    deps.clock.now(),
  );
}

/** It did nothing but cost its fee, and another attempt may follow. */
async function fail(deps: ConfirmDeps, { trade }: TradeRecord, attempt: Flying, error: string): Promise<boolean> {
  const transaction = await deps.rpc.transaction(attempt.signature, "finalized");
  if (!transaction) return false;
  deps.log.info("attempt_errored", { attemptId: attempt.attemptId, error });
  const feeLamports = amount(transaction.feeLamports);
  const feeQuote = await feeInQuote(deps, marketOf(deps, trade.symbol), feeLamports);
  await deps.attempts.fail(attempt.attemptId, { error, feeLamports }, feeQuote, deps.clock.now());
  await deps.queues.send("execute", trade.tradeId, 0);
  return true;
}

/** The fee in base units of the quote, at the last accepted price of SOL in it; null: not known. Rounded up. */
async function feeInQuote(deps: ConfirmDeps, market: Market, feeLamports: Amount): Promise<Amount | null> {
  const sol = deps.markets.find((each) => isSolMarket(each) && each.quoteMint === market.quoteMint);
  if (!sol) return null;
  const accepted = (await deps.prices.prices([sol.symbol])).get(sol.symbol);
  if (!accepted || deps.clock.now().getTime() - accepted.at.getTime() > FEE_PRICE_AGE_MS) return null;
  return feeValue(feeLamports, accepted.price, sol);
}

const feeValue = (feeLamports: Amount, price: Price, sol: Market): Amount =>
  amount(valueAt(feeLamports, price, sol) + 1n);

function marketOf({ markets }: Pick<ConfirmDeps, "markets">, symbol: string): Market {
  const market = markets.find((each) => each.symbol === symbol);
  if (!market) throw new TypeError(`the market ${symbol} is not there`);
  return market;
}
