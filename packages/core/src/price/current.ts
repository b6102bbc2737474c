/** The price of now, asked of the source and told to whoever reads it next. */
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";
import type { Log } from "../log.ts";
import type { Market } from "../market/market.ts";
import type { WatchStore } from "../stop/watch.store.ts";
import { type AcceptedPrice, accept, mintsOf, type Observations, type PriceSource } from "./accepted.ts";

export interface CurrentPriceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly markets: readonly Market[];
  readonly priceSource: PriceSource;
  readonly watched: Pick<WatchStore, "rememberPrices">;
}

/** @throws EngineError PRICE_UNAVAILABLE; NETWORK_ERROR when the source does not answer. */
export async function currentPrice(deps: CurrentPriceDeps, market: Market): Promise<AcceptedPrice> {
  const observations = await deps.priceSource.fetch(mintsOf(deps.markets));
  const at = deps.clock.now();
  await remember(deps, observations, at);
  const accepted = accept(market, observations, deps.priceSource.name, at);
  if (accepted) return accepted;
  const detail = `there is no trusted price of ${market.symbol}`;
  throw new EngineError("PRICE_UNAVAILABLE", { detail, symbol: market.symbol });
}

/** That nobody can read it later is no reason to refuse anything now. */
async function remember(deps: CurrentPriceDeps, observations: Observations, at: Date): Promise<void> {
  const prices = deps.markets.flatMap((market) => {
    const accepted = accept(market, observations, deps.priceSource.name, at);
    return accepted ? [[market.symbol, accepted] as const] : [];
  });
  try {
    await deps.watched.rememberPrices(new Map(prices));
  } catch (error) {
    deps.log.error("prices_not_remembered", error);
  }
}
