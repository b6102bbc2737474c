/** A position as its owner is told of it, and whether what is told of it adds up. */
import { MARKET_SEED, type Market, marketOf } from "@backstop/core/market/market";
import { formatAmount, parseAmount } from "@backstop/core/money/amount";
import { formatPrice, priceOf } from "@backstop/core/money/price";
import type { PositionView } from "@backstop/core/position/view";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import type { TradeView } from "@backstop/core/trade/view";
import { expect } from "vitest";
import { FEE_MARKET } from "../src/listings.ts";
import type { Scenario } from "./scenario.ts";

/** All that the API answers, and the alarms. */
export interface Told {
  readonly position: PositionView;
  readonly entry: TradeView;
  /** Those that were replaced included, in the order of their planning. */
  readonly exits: readonly TradeView[];
  readonly alarms: readonly Alarm[];
}

interface Alarm {
  readonly code: string;
  readonly message: string;
  readonly tradeId: string | null;
}

/** Waits until the position is over. */
export async function toldWhenOver(
  scenario: Scenario,
  { tradeId, positionId }: Pick<TradeView, "tradeId" | "positionId">,
): Promise<Told> {
  const position = await scenario.over(positionId);
  const exits = await scenario.exits(positionId);
  return {
    position,
    entry: await scenario.api.getTrade(tradeId),
    exits: await Promise.all(exits.map(({ trade }) => scenario.api.getTrade(trade.tradeId))),
    alarms: await alarmsOf(scenario, positionId),
  };
}

export async function alarmsOf({ events }: Scenario, positionId: number): Promise<readonly Alarm[]> {
  const told = await events(positionId);
  return told.filter(({ name }) => name === "alarm_raised").map(({ payload }) => payload as unknown as Alarm);
}

/** What an entry brought, in base units. */
export const boughtBy = ({ attempts }: TradeRecord): bigint =>
  attempts.reduce((sum, attempt) => sum + ("fill" in attempt ? attempt.fill.amountOut : 0n), 0n);

/** Of every attempt in order, what its owner sees of the ladder. */
export const ladderOf = ({ attempts }: TradeView) => attempts.map(({ slippage, status }) => [slippage, status]);

/**
 * Of a closed position of side `buy`: its price, its profit and its fees are what the fills that are shown give, to the base
 * unit, and every unit that was bought is sold, missing or dust.
 */
export function expectToAddUp({ position, entry, exits }: Told): void {
  const market = marketOf([...MARKET_SEED, FEE_MARKET], position.symbol);
  const bought = moved([entry], market, "buy");
  const sold = moved(exits, market, "sell");
  const base = (text: string) => parseAmount(text, market.baseDecimals);
  const quote = (text: string) => parseAmount(text, market.quoteDecimals);
  const feesQuote = position.fees.quote;
  const charged = [entry, ...exits].flatMap(({ attempts }) => attempts.map((each) => feeOf(each)));
  expect(position).toMatchObject({
    side: "buy",
    status: "closed",
    quantity: "0",
    unrealizedPnl: null,
    entryPrice: formatPrice(priceOf(bought.amountIn, bought.amountOut, market)),
    exitPrice: sold.amountIn === 0n ? null : formatPrice(priceOf(sold.amountOut, sold.amountIn, market)),
    realizedPnl: feesQuote && formatAmount(sold.amountOut - bought.amountIn - quote(feesQuote), market.quoteDecimals),
    fees: { lamports: String(charged.reduce((sum, lamports) => sum + lamports, 0n)) },
  });
  expect(sold.amountIn + base(position.missing) + base(position.dust)).toBe(bought.amountOut);
}

type AttemptView = TradeView["attempts"][number];

const feeOf = ({ feeLamports, fill }: AttemptView): bigint => BigInt(feeLamports ?? 0) + BigInt(fill?.tipLamports ?? 0);

function moved(trades: readonly TradeView[], market: Market, side: "buy" | "sell") {
  const [input, output] =
    side === "buy" ? [market.quoteDecimals, market.baseDecimals] : [market.baseDecimals, market.quoteDecimals];
  const fills = trades.flatMap(({ attempts }) => attempts.flatMap(({ fill }) => fill ?? []));
  return {
    amountIn: fills.reduce((sum, fill) => sum + parseAmount(fill.amountIn, input), 0n),
    amountOut: fills.reduce((sum, fill) => sum + parseAmount(fill.amountOut, output), 0n),
  };
}
