/** The last accepted price of a market, as the evaluator left it in Redis: for what has to be done with or without one. */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Price } from "../money/price.ts";
import type { WatchStore } from "../stop/watch.store.ts";
import type { AcceptedPrice } from "./accepted.ts";

export interface LastPriceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly prices: Pick<WatchStore, "prices">;
}

/** An older price says that the evaluator was not running; what it is needed for moves by less in this time. */
const AGE_MAX_MS = 60_000;

/** Null: not known, or known too long. */
export async function lastPrice(deps: LastPriceDeps, symbol: string): Promise<Price | null> {
  return (await lastAccepted(deps, symbol))?.price ?? null;
}

/** The same, with its moment. */
export async function lastAccepted(
  { clock, log, prices }: LastPriceDeps,
  symbol: string,
): Promise<AcceptedPrice | null> {
  try {
    const accepted = (await prices.prices([symbol])).get(symbol);
    return accepted && clock.now().getTime() - accepted.at.getTime() <= AGE_MAX_MS ? accepted : null;
  } catch (error) {
    log.error("price_unanswered", error, { symbol });
    return null;
  }
}
