/**
 * Finding out what became of attempts, and carrying it into the rows.
 *
 * Invariants:
 * - driven by state: any message, in any number and order, leads from the rows as they are to the rows as the chain says;
 * - a position is protected when its entry is confirmed and closed only when its exit is final;
 * - what is not known stays as it is and is looked at again: the next look is queued before this one ends.
 */
import type { Clock } from "../clock.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Log } from "../log.ts";
import { isSolMarket, type Market, marketOf } from "../market/market.ts";

import { type Amount, amount } from "../money/amount.ts";
import { type Price, valueAt } from "../money/price.ts";
import { book, held, transition, unbook } from "../position/position.ts";
import { entryPrice } from "../position/profit.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import type { Queues } from "../queue/queue.ts";
import { fillOf } from "../solana/fill.ts";
import type { Rpc } from "../solana/rpc.ts";
import { armedStop } from "../stop/stop.store.ts";
import type { WatchStore } from "../stop/watch.store.ts";
import type { Watch } from "../stop/watch.ts";
import type { AttemptStore } from "./attempt.store.ts";
import type { Attempt } from "./attempt.ts";
import { positionClosed, positionOpened, positionUpdated, tradeConfirmed } from "./events.ts";
import type { FillStore } from "./fill.store.ts";
import { DRAFT_LIFE_MS } from "./policy.ts";
import { sendAttempt } from "./submit.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";
import type { Trade } from "./trade.ts";
import { type ChainView, verdictOn } from "./verdict.ts";

export interface ConfirmDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly trades: TradeStore;
  readonly attempts: Pick<AttemptStore, "expire" | "fail">;
  readonly fills: FillStore;
  readonly rpc: Pick<Rpc, "finalized" | "statuses" | "transaction" | "send">;
  readonly queues: Queues;
  readonly wakeRelay: WakeRelay;
  readonly watch: Watch;
  readonly prices: Pick<WatchStore, "prices">;
  readonly markets: readonly Market[];
}

/** Between two looks at a trade in flight: bytes are sent again about as often as a validator forgets them. */
const LOOK_AGAIN_SECONDS = 2;

/** SOL moves by less than a fee's worth in this time, and an older price says the evaluator was not running. */
const FEE_PRICE_AGE_MS = 60_000;

type Flying = Extract<Attempt, { status: "live" | "landed" }>;

/**
 * Looks once at each of these trades; whatever goes wrong with one, or with the question for all, is looked at again.
 * Returns the ids of those for which not even that could be queued: their messages have to be delivered again.
 */
export async function confirmTrades(deps: ConfirmDeps, tradeIds: readonly string[]): Promise<readonly string[]> {
  const wanted = [...new Set(tradeIds)];
  try {
    const records = await deps.trades.findMany(wanted);
    const flights = records.flatMap((record) => {
      const last = record.attempts.at(-1);
      return last?.status === "live" || last?.status === "landed" ? [{ record, attempt: last }] : [];
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
  const last = attempts.at(-1);
  if (last?.status === "drafted") return deps.clock.now().getTime() - last.draftedAt.getTime() >= DRAFT_LIFE_MS;
  if (last?.status === "errored" || last?.status === "expired") await deps.queues.send("execute", trade.tradeId, 0);
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
    case "errored":
      return fail(deps, record, attempt, verdict.error);
    case "expired":
      deps.log.info("attempt_expired", { attemptId: attempt.attemptId });
      await deps.attempts.expire(attempt.attemptId, deps.clock.now());
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
async function move(deps: ConfirmDeps, { trade, wallet }: TradeRecord, attempt: Flying): Promise<void> {
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
async function fork(deps: ConfirmDeps, { trade, position }: TradeRecord, attempt: Flying): Promise<void> {
  if (attempt.status !== "landed") return;
  deps.log.info("fill_forked", { attemptId: attempt.attemptId });
  const totals = unbook(position.totals, trade.kind, attempt.fill);
  const status = trade.kind === "entry" && position.status === "open" ? "opening" : position.status;
  const events = [positionUpdated(position, totals, status)];
  await deps.fills.fork(attempt.attemptId, position.status, events, deps.clock.now());
}

/** Tells the book of an open position's stop. Told again at every look until its entry is final: a lost message changes nothing. */
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
async function tellAgain(deps: ConfirmDeps, { tradeId }: Trade): Promise<void> {
  const record = await deps.trades.find(tradeId);
  const armed = record && armedStop(record.position);
  if (armed) await deps.watch.arm(armed);
}

/** It did nothing but cost its fee, and another attempt may follow. */
async function fail(deps: ConfirmDeps, { trade }: TradeRecord, attempt: Flying, error: string): Promise<boolean> {
  const transaction = await deps.rpc.transaction(attempt.signature, "finalized");
  if (!transaction) return false;
  deps.log.info("attempt_errored", { attemptId: attempt.attemptId, error });
  const feeLamports = amount(transaction.feeLamports);
  const feeQuote = await feeInQuote(deps, marketOf(deps.markets, trade.symbol), feeLamports);
  await deps.attempts.fail(attempt.attemptId, { error, feeLamports }, feeQuote, deps.clock.now());
  await deps.queues.send("execute", trade.tradeId, 0);
  return true;
}

/** The fee in base units of the quote, at the last accepted price of SOL in it; null: not known. Rounded up. */
async function feeInQuote(deps: ConfirmDeps, market: Market, feeLamports: Amount): Promise<Amount | null> {
  const sol = deps.markets.find((each) => isSolMarket(each) && each.quoteMint === market.quoteMint);
  if (!sol) return null;
  const accepted = await lastPrice(deps, sol.symbol);
  if (!accepted || deps.clock.now().getTime() - accepted.at.getTime() > FEE_PRICE_AGE_MS) return null;
  return feeValue(feeLamports, accepted.price, sol);
}

/** Booking a fill does not wait for Redis. */
async function lastPrice(deps: ConfirmDeps, symbol: string): Promise<AcceptedPrice | undefined> {
  try {
    return (await deps.prices.prices([symbol])).get(symbol);
  } catch (error) {
    deps.log.error("price_unanswered", error, { symbol });
    return undefined;
  }
}

const feeValue = (feeLamports: Amount, price: Price, sol: Market): Amount =>
  amount(valueAt(feeLamports, price, sol) + 1n);
