/** A traded pair. `markets.json` is the seed of the table; an operator may add rows to either. */

import seed from "./markets.json" with { type: "json" };
import { type Mint, mint, WRAPPED_SOL } from "./mint.ts";

export interface Market {
  /** For people: `SOL/USDC`. */
  readonly symbol: string;
  readonly baseMint: Mint;
  readonly quoteMint: Mint;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
}

export const MARKET_SEED: readonly Market[] = seed.map((market) => ({
  ...market,
  baseMint: mint(market.baseMint),
  quoteMint: mint(market.quoteMint),
}));

export type Side = "buy" | "sell";

/** What a swap of `side` takes and gives: buying spends quote, selling spends base. */
export function legs(market: Market, side: Side): { readonly input: Mint; readonly output: Mint } {
  return side === "buy"
    ? { input: market.quoteMint, output: market.baseMint }
    : { input: market.baseMint, output: market.quoteMint };
}

/** A market that prices SOL: in it fees are valued. */
export const isSolMarket = (market: Market): boolean => market.baseMint === WRAPPED_SOL;

/** @throws TypeError: a row names a market that is not there. */
export function marketOf(markets: readonly Market[], symbol: string): Market {
  const market = markets.find((each) => each.symbol === symbol);
  if (!market) throw new TypeError(`the market ${symbol} is not there`);
  return market;
}
