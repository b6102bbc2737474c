/**
 * Accepted prices: base in USD over quote in USD (a stable coin is not 1).
 *
 * Invariant: what is missing, not finite or not above zero is "unknown", never a price.
 */
import type { Market } from "../market/market.ts";
import type { Mint } from "../market/mint.ts";
import { type Price, price } from "../money/price.ts";

/** What a source says of one mint. */
export interface Observation {
  readonly usdPrice: number;
  /** The block of the swap it comes from, where the source tells. */
  readonly blockId: bigint | null;
}

export type Observations = ReadonlyMap<Mint, Observation>;

/** Where prices come from; a mint without a reliable price is absent from the answer. */
export interface PriceSource {
  readonly name: string;
  /** @throws EngineError NETWORK_ERROR when the source cannot be reached or makes no sense. */
  fetch(mints: readonly Mint[]): Promise<Observations>;
}

export interface AcceptedPrice {
  readonly price: Price;
  readonly at: Date;
  readonly source: string;
}

/** The price of a market at this moment, or null: unknown. */
export function accept(market: Market, observations: Observations, source: string, at: Date): AcceptedPrice | null {
  const base = observations.get(market.baseMint)?.usdPrice ?? Number.NaN;
  const quote = observations.get(market.quoteMint)?.usdPrice ?? Number.NaN;
  const ratio = base / quote;
  return base > 0 && quote > 0 && Number.isFinite(ratio) && ratio > 0 ? { price: price(ratio), at, source } : null;
}

/** The mints whose prices a set of markets needs, each once. */
export const mintsOf = (markets: readonly Market[]): readonly Mint[] => [
  ...new Set(markets.flatMap((market) => [market.baseMint, market.quoteMint])),
];
