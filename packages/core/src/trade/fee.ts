/**
 * What a fee was worth in the quote, at the accepted price of SOL of that moment.
 *
 * Invariant: without a price of that moment it is not known, which is not zero; booking a fill does not wait for one.
 */
import { isSolMarket, type Market } from "../market/market.ts";
import { type Amount, amount } from "../money/amount.ts";
import { valueAt } from "../money/price.ts";
import { type LastPriceDeps, lastPrice } from "../price/last.ts";

export interface FeeDeps extends LastPriceDeps {
  readonly markets: readonly Market[];
}

/** In base units of the market's quote, rounded up; null: not known. */
export async function feeInQuote(deps: FeeDeps, market: Market, lamports: bigint): Promise<Amount | null> {
  const sol = deps.markets.find((each) => isSolMarket(each) && each.quoteMint === market.quoteMint);
  if (!sol) return null;
  const price = await lastPrice(deps, sol.symbol);
  return price === null ? null : amount(valueAt(lamports, price, sol) + 1n);
}
