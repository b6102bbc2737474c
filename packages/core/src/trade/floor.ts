/**
 * The least that a swap may bring, by our own price. Pure.
 *
 * Invariant: nothing of it comes from a quote.
 */
import type { Config } from "../config.ts";
import type { Market, Side } from "../market/market.ts";
import { mulDiv } from "../money/amount.ts";
import { BPS_ONE, type Bps, bps } from "../money/bps.ts";
import { type Price, valueAt } from "../money/price.ts";
import { slippageMax } from "./policy.ts";
import type { TradeKind } from "./trade.ts";

/** The least a swap of `side` may bring that accepts `off` less than the price would give, in base units of what it brings. */
export function floorOf(amountIn: bigint, side: Side, at: Price, off: Bps, market: Market): bigint {
  const fair = side === "sell" ? valueAt(amountIn, at, market) : baseFor(amountIn, at, market);
  return mulDiv(fair, BigInt(BPS_ONE - off), BigInt(BPS_ONE), "down");
}

/** How much less than our price gives a trade may accept: an entry its price impact and its slippage, an exit its floor. */
export function offOf(kind: TradeKind, { jupiter, exits }: Pick<Config, "jupiter" | "exits">): Bps {
  if (kind === "exit") return exits.floorBps;
  return bps(Math.min(BPS_ONE, jupiter.maxPriceImpactBps + slippageMax(kind)));
}

/** Base units that `quote` base units of the quote are worth: an estimate. */
const baseFor = (quote: bigint, at: Price, { baseDecimals, quoteDecimals }: Market): bigint =>
  BigInt(Math.floor((Number(quote) / at) * 10 ** (baseDecimals - quoteDecimals)));
