/**
 * What a fee was worth in the quote, at the accepted price of SOL of that moment.
 *
 * Invariant: without a price of that moment it is not known, which is not zero; booking a fill does not wait for one.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { isSolMarket, type Market } from "../market/market.ts";
import { type Amount, amount } from "../money/amount.ts";
import { valueAt } from "../money/price.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import type { WatchStore } from "../stop/watch.store.ts";

export interface FeeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly markets: readonly Market[];
  readonly prices: Pick<WatchStore, "prices">;
}

/** SOL moves by less than a fee's worth in this time, and an older price says the evaluator was not running. */
const FEE_PRICE_AGE_MS = 60_000;

/** In base units of the market's quote, rounded up; null: not known. */
export async function feeInQuote(deps: FeeDeps, market: Market, feeLamports: Amount): Promise<Amount | null> {
  const sol = deps.markets.find((each) => isSolMarket(each) && each.quoteMint === market.quoteMint);
  if (!sol) return null;
  const accepted = await lastPrice(deps, sol.symbol);
  if (!accepted || deps.clock.now().getTime() - accepted.at.getTime() > FEE_PRICE_AGE_MS) return null;
  return amount(valueAt(feeLamports, accepted.price, sol) + 1n);
}

async function lastPrice({ prices, log }: FeeDeps, symbol: string): Promise<AcceptedPrice | undefined> {
  try {
    return (await prices.prices([symbol])).get(symbol);
  } catch (error) {
    log.error("price_unanswered", error, { symbol });
    return undefined;
  }
}
