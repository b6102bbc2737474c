/**
 * The next attempt of an exit, or what comes in its place. An exit never gives up.
 *
 * Invariants:
 * - it spends no more than its position holds and the wallet has for it;
 * - a quote that is too bad, or none, makes it smaller and louder, never silent; only what no route takes and nobody would miss
 *   is left behind.
 */
import { EngineError, isEngineError } from "../error.ts";
import { alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import type { Quote } from "../jupiter/client.ts";
import { marketOf } from "../market/market.ts";
import { parseAmount } from "../money/amount.ts";
import { fractionOf } from "../money/bps.ts";
import type { Price } from "../money/price.ts";
import { held } from "../position/position.ts";
import { type LastPriceDeps, lastPrice } from "../price/last.ts";
import { quarantinedIn, triesOf } from "./attempt.ts";
import { checkPriceImpact, type DraftDeps, type Drafted, type Judge, makeDraft, quoteFor } from "./draft.ts";
import type { ExitSurroundings } from "./exit.store.ts";
import { halvesOf, type Room, roomFor, worthOf } from "./exit.ts";
import { floorOf } from "./floor.ts";
import { triesAtTheCap } from "./policy.ts";
import { cutExit, divideExit, leaveDust, type ReplaceDeps, sellWhatIsThere } from "./replace-exit.ts";
import { failureFrom, postpone, type SetbackDeps } from "./setback.ts";
import type { TradeRecord } from "./trade.store.ts";

export interface ExitAttemptDeps extends DraftDeps, SetbackDeps, LastPriceDeps, ReplaceDeps {
  readonly config: DraftDeps["config"];
  readonly rpc: DraftDeps["rpc"] & ReplaceDeps["rpc"];
}

/** Between two looks whether the exit that comes first is final: it takes some seconds. */
export const WAIT_MS = 3_000;

export type NextExit =
  | Drafted
  /** Another exit of the position comes first. */
  | { readonly type: "waits" }
  /** Others have taken its place, or its next try has a message of its own. */
  | { readonly type: "settled" };

/** One answer that there is no route proves little, and the third in some seconds enough to ask for less. */
const DIVIDE_AFTER_SETBACKS = 2;

export async function nextExit(deps: ExitAttemptDeps, record: TradeRecord): Promise<NextExit> {
  const { trade, position, wallet } = record;
  // Its entry was forked away: there is nothing to sell until it has landed again, or is dead.
  if (position.totals.entryOut === 0n || position.inDoubt) return { type: "waits" };
  const around = await deps.exits.surroundings(trade);
  if (around.waits) {
    const isTime = deps.clock.now().getTime() % LOOKS_APART_MS < WAIT_MS;
    if (isTime) await lookAtOverdue(deps, trade);
    return { type: "waits" };
  }
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
  if (room.type === "part") return sellWhatIsThere(deps, record, around, room.amountIn);
  if (room.type === "unknown") await lookAtOverdue(deps, trade);
  // Whether it is gone for good is for reconcile to say, from what is final.
  await deps.queues.send("reconcile", trade.tradeId, 0);
  await postpone(deps, record, { code: "INSUFFICIENT_FUNDS", message: shortageTold(record, room) });
  return { type: "settled" };
}

/** Nearly always an attempt is final or dead by then, and who finds that out is on its way: an exit does not wait for a lost message. */
const OVERDUE_MS = 60_000;

/**
 * A look that does not see the end is followed by another one of its own, so one that waits, and asks again every few seconds,
 * has a look made in one time of ten.
 */
const LOOKS_APART_MS = 30_000;

async function lookAtOverdue({ clock, exits, queues }: ExitAttemptDeps, trade: TradeRecord["trade"]): Promise<void> {
  const before = new Date(clock.now().getTime() - OVERDUE_MS);
  for (const tradeId of await exits.overdue(trade, before)) await queues.send("confirm", tradeId, 0);
}

function shortageTold({ trade }: TradeRecord, room: Extract<Room, { type: "unknown" | "short" }>): string {
  return room.type === "unknown"
    ? `${trade.amountIn} base units are not there yet: something is still in flight`
    : `${trade.amountIn} base units are to leave, and the wallet has ${room.available} for it`;
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
    return await makeDraft(
      deps,
      record,
      judging(deps, record, price, divisible && atTheCap),
      early,
      impactTold(deps, trade),
    );
  } catch (error) {
    const isBelowFloor = error instanceof BelowFloor;
    if (isEngineError(error, "PRICE_IMPACT_TOO_HIGH")) return divideExit(deps, record, around, error, "EXIT_DIVIDED");
    // With exchanges left out, no route says little about the size.
    const isWhole = quarantinedIn(attempts, deps.clock.now()).length === 0;
    if (isEngineError(error, "INSUFFICIENT_LIQUIDITY") && isProven(trade) && isWhole) {
      if (divisible && (await hasRouteForLess(deps, record, price)))
        return divideExit(deps, record, around, error, isBelowFloor ? "PRICE_BELOW_FLOOR" : "EXIT_DIVIDED");
      if (isDust(deps, record, price)) return leaveDust(deps, record, around, error);
    }
    await postpone(deps, record, failureFrom(error), { alarm: isBelowFloor ? "PRICE_BELOW_FLOOR" : "EXIT_DELAYED" });
    return { type: "settled" };
  }
}

/**
 * Whether the smallest part would be taken: where not even that is, halves would only ask as often for each of them, out of
 * the calls that other exits need.
 */
async function hasRouteForLess(deps: ExitAttemptDeps, record: TradeRecord, price: Price | null): Promise<boolean> {
  const smallest = smallestOf(deps, record, price);
  try {
    floored(deps, smallest, price)(await quoteFor(deps, smallest));
    return true;
  } catch (error) {
    // Also where nobody answered: then the whole is asked for once more, and this after it.
    if (isEngineError(error)) return false;
    throw error;
  }
}

/** The exit as it would be after all the halving that is allowed. */
function smallestOf(deps: ExitAttemptDeps, record: TradeRecord, price: Price | null): TradeRecord {
  if (!isDivisible(deps, record, price)) return record;
  const [half] = halvesOf(record.trade.amountIn);
  return smallestOf(deps, { ...record, trade: { ...record.trade, amountIn: half } }, price);
}

/** One answer more that there is no route, after as many as prove it. */
const isProven = ({ setbacks: { count, last } }: TradeRecord["trade"]): boolean =>
  count >= DIVIDE_AFTER_SETBACKS && last?.code === "INSUFFICIENT_LIQUIDITY";

/** Before the ladder's end the impact changes nothing, but a person should know what it costs. */
const impactTold =
  ({ config }: ExitAttemptDeps, trade: TradeRecord["trade"]) =>
  ({ priceImpact }: Quote): readonly NewEvent[] => {
    const max = fractionOf(config.jupiter.maxPriceImpactBps);
    if (priceImpact <= max) return [];
    const told = `it moves the price by ${Number(priceImpact.toPrecision(4))}: an entry may by ${max}`;
    return [alarmRaised(trade, "PRICE_IMPACT_HIGH", told)];
  };

/** It would bring less than anybody would sell it for: too thin a market, or a price that is not one. */
class BelowFloor extends EngineError<"INSUFFICIENT_LIQUIDITY"> {}

/** The impact holds up an exit only where a smaller one would have less; the floor holds up every one. */
function judging(deps: ExitAttemptDeps, record: TradeRecord, price: Price | null, impact: boolean): Judge {
  const floor = floored(deps, record, price);
  return (quote) => {
    if (impact) checkPriceImpact(quote, deps.config.jupiter.maxPriceImpactBps);
    floor(quote);
  };
}

function floored({ config, markets }: ExitAttemptDeps, { trade }: TradeRecord, price: Price | null): Judge {
  if (price === null) return () => undefined;
  const market = marketOf(markets, trade.symbol);
  const floor = floorOf(trade.amountIn, trade.side, price, config.exits.floorBps, market);
  return ({ amountIn, minimumOut }) => {
    if (minimumOut >= floor) return;
    const detail = `an exit of ${amountIn} base units would bring ${minimumOut} at least: the floor is ${floor}`;
    throw new BelowFloor("INSUFFICIENT_LIQUIDITY", { detail, symbol: trade.symbol, size: String(amountIn) });
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
