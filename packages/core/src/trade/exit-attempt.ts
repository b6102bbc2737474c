/**
 * The next attempt of an exit, or what comes in its place. An exit never gives up.
 *
 * Invariants:
 * - it spends no more than its position holds and the wallet has for it;
 * - a quote that is too bad, or none, makes it smaller and louder, never silent; only what no route takes and nobody would miss
 *   is left behind;
 * - what takes its place has a message on the way before it is planned, and another one after.
 */
import { EngineError, isEngineError } from "../error.ts";
import { type Alarm, alarmRaised } from "../event/alarm.ts";
import type { Quote } from "../jupiter/client.ts";
import { type Market, marketOf } from "../market/market.ts";
import { type Amount, add, parseAmount, ZERO } from "../money/amount.ts";
import type { Price } from "../money/price.ts";
import { held } from "../position/position.ts";
import { type LastPriceDeps, lastPrice } from "../price/last.ts";
import { queueReconcile } from "../reconcile/queue.ts";
import type { Rpc } from "../solana/rpc.ts";
import { triesOf } from "./attempt.ts";
import { checkPriceImpact, type DraftDeps, type Drafted, makeDraft, quoteFor } from "./draft.ts";
import { positionClosed } from "./events.ts";
import type { ExitStore, ExitSurroundings } from "./exit.store.ts";
import { floorOf, halvesOf, type Room, roomFor, worthOf } from "./exit.ts";
import { triesAtTheCap } from "./policy.ts";
import { failureFrom, postpone, type SetbackDeps } from "./setback.ts";
import type { TradeRecord } from "./trade.store.ts";
import { partIdOf } from "./trade.ts";

export interface ExitAttemptDeps extends DraftDeps, SetbackDeps, LastPriceDeps {
  readonly exits: ExitStore;
  readonly rpc: DraftDeps["rpc"] & Pick<Rpc, "tokens">;
  readonly markets: readonly Market[];
}

export type NextExit =
  | Drafted
  /** Another exit of the position comes first. */
  | { readonly type: "waits" }
  /** Others have taken its place, or its next try has a message of its own. */
  | { readonly type: "settled" };

/** One answer that there is no route proves little, and the third in some seconds enough to ask for less. */
const DIVIDE_AFTER_SETBACKS = 2;

/** The parts' messages come this much later if whoever plans them dies: longer than a statement may take. */
const TAKE_OVER_SECONDS = 15;

export async function nextExit(deps: ExitAttemptDeps, record: TradeRecord): Promise<NextExit> {
  const { trade, position, wallet } = record;
  const around = await deps.exits.surroundings(trade);
  if (around.waits) return { type: "waits" };
  // Asked for while the wallet is looked at; whoever does not need it any more does not hear its refusal.
  const early = quoteFor(deps, record);
  early.catch(() => undefined);
  let room: Room;
  try {
    const balance = await deps.rpc.tokens(wallet, trade.inputMint, "confirmed", around.lastFillSlot ?? undefined);
    room = roomFor(trade.amountIn, held(position.totals), balance, around);
  } catch (error) {
    await postpone(deps, record, failureFrom(error));
    return { type: "settled" };
  }
  if (room.type === "enough") return attemptExit(deps, record, around, early);
  if (room.type === "cut") return cutExit(deps, record, around, room);
  // Whether it is gone for good is for reconcile to say, from what is final.
  await deps.queues.send("reconcile", trade.tradeId, 0);
  await postpone(deps, record, { code: "INSUFFICIENT_FUNDS", message: shortageTold(record, room) });
  return { type: "settled" };
}

function shortageTold({ trade }: TradeRecord, room: Exclude<Room, { type: "enough" | "cut" }>): string {
  return room.type === "unknown"
    ? `${trade.amountIn} base units are not there yet: something is still in flight`
    : `${trade.amountIn} base units are to leave, and the wallet has ${room.available} for it`;
}

/** The exit of what there is; what is not there is booked as missing. */
async function cutExit(
  deps: ExitAttemptDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  { amountIn, missing }: Extract<Room, { type: "cut" }>,
): Promise<NextExit> {
  if (missing > 0n && !(await isMissing(deps, record, around, amountIn))) return { type: "lost" };
  const parts = amountIn > 0n ? [amountIn] : [];
  const told = `${missing} base units of ${record.trade.amountIn} are missing from the wallet`;
  return replaceExit(deps, record, around, { parts, missing, dust: ZERO }, missing > 0n ? ["EXIT_SHORT", told] : null);
}

/** What is written off is missing at `finalized` too, and nothing has moved while the wallet was asked. */
async function isMissing(
  { exits, rpc }: ExitAttemptDeps,
  { trade, position, wallet }: TradeRecord,
  around: ExitSurroundings,
  amountIn: Amount,
): Promise<boolean> {
  const balance = await rpc.tokens(wallet, trade.inputMint, "finalized", around.lastFillSlot ?? undefined);
  const after = await exits.surroundings(trade);
  const room = roomFor(trade.amountIn, held(position.totals), balance, after);
  return after.lastFillSlot === around.lastFillSlot && room.type === "cut" && room.amountIn === amountIn;
}

async function attemptExit(
  deps: ExitAttemptDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  early: Promise<Quote>,
): Promise<NextExit> {
  const { trade, attempts } = record;
  const price = await lastPrice(deps, trade.symbol);
  const divisible = isDivisible(deps, record, price);
  const atTheCap = triesAtTheCap(trade.kind, triesOf(trade.triesBefore, attempts) + 1) > 0;
  try {
    return await makeDraft(deps, record, judging(deps, record, price, divisible && atTheCap), early);
  } catch (error) {
    if (isEngineError(error, "PRICE_IMPACT_TOO_HIGH")) return divide(deps, record, around, error);
    if (!isEngineError(error, "INSUFFICIENT_LIQUIDITY") || !isProven(trade)) {
      await postpone(deps, record, failureFrom(error));
      return { type: "settled" };
    }
    if (divisible) return divide(deps, record, around, error);
    if (isDust(deps, record, price)) return leaveDust(deps, record, around, error);
    await postpone(deps, record, failureFrom(error));
    return { type: "settled" };
  }
}

/** One answer more that there is no route, after as many as prove it. */
const isProven = ({ setbacks: { count, last } }: TradeRecord["trade"]): boolean =>
  count >= DIVIDE_AFTER_SETBACKS && last?.code === "INSUFFICIENT_LIQUIDITY";

/** The impact holds up an exit only where a smaller one would have less; the floor holds up every one. */
function judging(
  { config, markets }: ExitAttemptDeps,
  { trade, position }: TradeRecord,
  price: Price | null,
  impact: boolean,
) {
  const market = marketOf(markets, trade.symbol);
  const { floorBps } = config.exits;
  const floor = price === null ? null : floorOf(trade.amountIn, position.side, price, floorBps, market);
  return (quote: Quote): void => {
    if (impact) checkPriceImpact(quote, config.jupiter.maxPriceImpactBps);
    if (floor === null || quote.minimumOut >= floor) return;
    const detail = `an exit of ${quote.amountIn} base units would bring ${quote.minimumOut} at least: the floor is ${floor}`;
    throw new EngineError("INSUFFICIENT_LIQUIDITY", { detail, symbol: trade.symbol, size: String(quote.amountIn) });
  };
}

const worth = ({ markets }: ExitAttemptDeps, { trade, position }: TradeRecord, price: Price | null): bigint =>
  worthOf(trade.amountIn, position.side, position.totals, price, marketOf(markets, trade.symbol));

function isDivisible(deps: ExitAttemptDeps, record: TradeRecord, price: Price | null): boolean {
  const { quoteDecimals } = marketOf(deps.markets, record.trade.symbol);
  const smallest = parseAmount(deps.config.exits.smallestPart, quoteDecimals);
  return record.trade.amountIn > 1n && worth(deps, record, price) >= 2n * smallest;
}

/** Only what is all that is left of the position: a part of one stays with the rest. */
function isDust(deps: ExitAttemptDeps, record: TradeRecord, price: Price | null): boolean {
  const { quoteDecimals } = marketOf(deps.markets, record.trade.symbol);
  const isAll = record.trade.amountIn === held(record.position.totals);
  return isAll && worth(deps, record, price) <= parseAmount(deps.config.exits.dust, quoteDecimals);
}

function divide(
  deps: ExitAttemptDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  why: EngineError,
): Promise<NextExit> {
  const parts = halvesOf(record.trade.amountIn);
  const told = `it goes on in halves of ${parts[0]} and ${parts[1]} base units: ${why.message}`;
  return replaceExit(deps, record, around, { parts, missing: ZERO, dust: ZERO }, ["EXIT_DIVIDED", told]);
}

function leaveDust(
  deps: ExitAttemptDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  why: EngineError,
): Promise<NextExit> {
  const { amountIn } = record.trade;
  const told = `${amountIn} base units stay in the wallet, worth less than ${deps.config.exits.dust}: ${why.message}`;
  return replaceExit(deps, record, around, { parts: [], missing: ZERO, dust: amountIn }, ["DUST_LEFT", told]);
}

interface Instead {
  readonly parts: readonly Amount[];
  readonly missing: Amount;
  readonly dust: Amount;
}

async function replaceExit(
  deps: ExitAttemptDeps,
  { trade, attempts, position }: TradeRecord,
  { otherExits }: ExitSurroundings,
  { parts, missing, dust }: Instead,
  alarm: readonly [Alarm, string] | null,
): Promise<NextExit> {
  const planned = parts.map((amountIn, index) => ({ tradeId: partIdOf(trade.tradeId, index + 1), amountIn }));
  for (const { tradeId } of planned) {
    await deps.queues.send("execute", tradeId, TAKE_OVER_SECONDS);
    await queueReconcile(deps.queues, tradeId);
  }
  const totals = {
    ...position.totals,
    missing: add(position.totals.missing, missing),
    dust: add(position.totals.dust, dust),
  };
  const closes = parts.length === 0 && !otherExits && held(totals) === 0n && position.status === "closing";
  const replaced = await deps.exits.replace({
    tradeId: trade.tradeId,
    attempts: attempts.length,
    held: held(position.totals),
    exiting: position.exiting,
    otherExits,
    tries: triesOf(trade.triesBefore, attempts),
    parts: planned,
    missing,
    dust,
    events: [
      ...(alarm ? [alarmRaised(trade, ...alarm)] : []),
      ...(closes
        ? [positionClosed({ ...position, totals }, position.closeReason, marketOf(deps.markets, trade.symbol))]
        : []),
    ],
    at: deps.clock.now(),
  });
  if (!replaced) return { type: "lost" };
  deps.log.info("exit_replaced", {
    tradeId: trade.tradeId,
    parts: parts.map(String),
    missing: String(missing),
    dust: String(dust),
  });
  for (const { tradeId } of planned) await deps.queues.send("execute", tradeId, 0);
  await deps.wakeRelay();
  return { type: "settled" };
}
