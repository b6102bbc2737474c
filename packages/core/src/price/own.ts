/**
 * The price that a transaction is held against: our own, whatever a quote says.
 *
 * What the evaluator accepted a moment ago; else what the price API says now; else what was accepted within the minute.
 */
import { isEngineError } from "../error.ts";
import type { Market } from "../market/market.ts";
import type { Price } from "../money/price.ts";
import { accept, mintsOf, type PriceSource } from "./accepted.ts";
import { type LastPriceDeps, lastAccepted } from "./last.ts";

export interface OwnPriceDeps extends LastPriceDeps {
  readonly priceSource: PriceSource;
}

/** Some ticks: an entry's floor is two percent from it, and in this time a market hardly moves by one. */
const FRESH_MS = 10_000;

/** Null: nobody knows one. */
export async function ownPrice(deps: OwnPriceDeps, market: Market): Promise<Price | null> {
  const last = await lastAccepted(deps, market.symbol);
  if (last && deps.clock.now().getTime() - last.at.getTime() <= FRESH_MS) return last.price;
  return (await askedFor(deps, market)) ?? last?.price ?? null;
}

async function askedFor({ clock, log, priceSource }: OwnPriceDeps, market: Market): Promise<Price | null> {
  try {
    const observations = await priceSource.fetch(mintsOf([market]));
    return accept(market, observations, priceSource.name, clock.now())?.price ?? null;
  } catch (error) {
    if (!isEngineError(error, "NETWORK_ERROR")) throw error;
    log.error("prices_unknown", error, { symbol: market.symbol });
    return null;
  }
}
