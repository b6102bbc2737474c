// A price as an exact ratio of base units, so that no float takes part in an amount.

import type { KnownMint } from "../chain/mints.ts";

/** Base units of the quote mint, per so many base units of the base mint. */
export interface Ratio {
  readonly quote: bigint;
  readonly base: bigint;
}

// Fifteen digits are what a float holds; one with more before the point would lose its fraction.
const SCALE_DIGITS = 15;

export function ratioOf(price: number, base: KnownMint, quote: KnownMint): Ratio {
  if (!(price > 0 && Number.isFinite(price))) throw new Error(`A price is positive and finite, not ${price}.`);
  return {
    quote: BigInt(Math.round(price * 10 ** SCALE_DIGITS)) * 10n ** BigInt(quote.decimals),
    base: 10n ** BigInt(SCALE_DIGITS + base.decimals),
  };
}

/** What that much quote is worth in base, rounded down. */
export const baseFor = (quoteAmount: bigint, { quote, base }: Ratio): bigint => (quoteAmount * base) / quote;

/** The ratio as a price to look at. */
export const priceOf = (quoteAmount: bigint, baseAmount: bigint, base: KnownMint, quote: KnownMint): number =>
  Number(quoteAmount) / 10 ** quote.decimals / (Number(baseAmount) / 10 ** base.decimals);
