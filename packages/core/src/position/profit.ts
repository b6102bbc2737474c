/**
 * Profit and loss, from fills and nothing else, in base units.
 *
 * Invariants:
 * - of a closed position of side `buy` it is exactly what the wallet gained in quote: proceeds minus cost minus fees; of side
 *   `sell` exactly what it gained in base, and that at the exit's own price, minus fees, in quote;
 * - what is missing, or was left as dust, has cost what it cost and brought nothing;
 * - it is a function of the totals, so the order and number of partial exits change nothing;
 * - a fee whose value is not known makes the result unknown, never smaller.
 */
import type { Market, Side } from "../market/market.ts";
import { mulDiv } from "../money/amount.ts";
import { type Price, priceOf, valueAt } from "../money/price.ts";
import { gone, held, type Totals } from "./position.ts";

/** A position as its profit is worked out. */
export interface Holding {
  readonly side: Side;
  readonly totals: Totals;
}

/**
 * What entered for the part that has left, sold or not: quote for side `buy`, base for side `sell`. Rounded up, so that a
 * profit is never overstated.
 */
export function costOfExits(totals: Totals): bigint {
  const left = gone(totals);
  return left === 0n ? 0n : mulDiv(totals.entryIn, left, totals.entryOut, "up");
}

/** Side `sell`: base bought back so far, less the base that was sold for it. Fees are not paid in base. */
export const realizedPnlBase = ({ totals }: Holding): bigint => totals.exitOut - costOfExits(totals);

/** In quote, after every fee paid so far; null when a fee's value is not known. */
export function realizedPnl({ side, totals }: Holding): bigint | null {
  if (totals.feesQuote === null) return null;
  if (gone(totals) === 0n) return -totals.feesQuote;
  const gained = totals.exitOut - costOfExits(totals);
  return (side === "buy" ? gained : worthInQuote(totals, gained)) - totals.feesQuote;
}

/** Side `sell`: base is worth what the exit paid for it, and what the entry got for it while there was none. */
const worthInQuote = (totals: Totals, base: bigint): bigint =>
  totals.exitOut > 0n
    ? mulDiv(base, totals.exitIn, totals.exitOut, "down")
    : mulDiv(base, totals.entryOut, totals.entryIn, "down");

/** In quote: what is still held at `current`, less what it stands for. Fees are realised when they are paid: none is in here. */
export function unrealizedPnl({ side, totals }: Holding, current: Price, market: Market): bigint {
  const staying = totals.entryIn - costOfExits(totals);
  return side === "buy"
    ? valueAt(held(totals), current, market) - staying
    : held(totals) - valueAt(staying, current, market);
}

/** In base: what is still held of it for side `buy`, what is still to be bought back for side `sell`. */
export const quantity = ({ side, totals }: Holding): bigint =>
  side === "buy" ? held(totals) : totals.entryIn - costOfExits(totals);

/** Average entry price; null before the entry. */
export function entryPrice({ side, totals }: Holding, market: Market): Price | null {
  if (totals.entryOut === 0n || totals.entryIn === 0n) return null;
  return side === "buy"
    ? priceOf(totals.entryIn, totals.entryOut, market)
    : priceOf(totals.entryOut, totals.entryIn, market);
}

/** Average exit price; null before an exit. */
export function exitPrice({ side, totals }: Holding, market: Market): Price | null {
  if (totals.exitIn === 0n || totals.exitOut === 0n) return null;
  return side === "buy"
    ? priceOf(totals.exitOut, totals.exitIn, market)
    : priceOf(totals.exitIn, totals.exitOut, market);
}
