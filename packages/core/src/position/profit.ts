/**
 * Profit and loss, from fills and nothing else. All amounts are base units of the quote.
 *
 * Invariants, for side `buy`:
 * - of a closed position it is exactly what the wallet gained: proceeds minus cost minus fees;
 * - it is a function of the totals, so the order and number of partial exits change nothing;
 * - a fee whose value is not known makes the result unknown, never smaller.
 */
import type { Market } from "../market/market.ts";
import { mulDiv } from "../money/amount.ts";
import { type Price, priceOf, valueAt } from "../money/price.ts";
import { held, type Totals } from "./position.ts";

/** What the part that has left the position had cost; rounded up, so that a profit is never overstated. */
export const costOfExits = (totals: Totals): bigint =>
  totals.exitIn === 0n ? 0n : mulDiv(totals.entryIn, totals.exitIn, totals.entryOut, "up");

/** Proceeds so far, less their cost, less every fee paid so far; null when a fee's value is not known. */
export const realizedPnl = (totals: Totals): bigint | null =>
  totals.feesQuote === null ? null : totals.exitOut - costOfExits(totals) - totals.feesQuote;

/** What is still held at `current`, less its cost. Fees are realised when they are paid, so none is in here. */
export const unrealizedPnl = (totals: Totals, current: Price, market: Market): bigint =>
  valueAt(held(totals), current, market) - (totals.entryIn - costOfExits(totals));

/** Average entry price; null before the entry. */
export const entryPrice = (totals: Totals, market: Market): Price | null =>
  totals.entryOut === 0n ? null : priceOf(totals.entryIn, totals.entryOut, market);

/** Average exit price; null before an exit. */
export const exitPrice = (totals: Totals, market: Market): Price | null =>
  totals.exitIn === 0n ? null : priceOf(totals.exitOut, totals.exitIn, market);
