/** The events of trades and positions, as the statements that cause them write them. */
import type { NewEvent } from "../event/event.ts";
import type { Market } from "../market/market.ts";
import { formatPrice, type Price } from "../money/price.ts";
import type { Position, Totals } from "../position/position.ts";
import { entryPrice, exitPrice, quantity, realizedPnl } from "../position/profit.ts";
import type { Fill } from "./attempt.ts";
import type { Trade, TradeFailure } from "./trade.ts";

interface Sent {
  readonly attemptId: string;
  readonly signature: string;
}

const tradeRef = ({ tradeId, positionId, symbol, kind, side }: Trade) => ({ tradeId, positionId, symbol, kind, side });

const positionRef = ({ positionId, symbol }: Position) => ({ positionId, symbol });

export const tradeExecuted = (trade: Trade, { attemptId, signature }: Sent): NewEvent => ({
  name: "trade_executed",
  payload: { ...tradeRef(trade), attemptId, signature },
});

export const tradeConfirmed = (trade: Trade, { attemptId, signature }: Sent, fill: Fill): NewEvent => ({
  name: "trade_confirmed",
  payload: {
    ...tradeRef(trade),
    attemptId,
    signature,
    amountIn: fill.amountIn.toString(),
    amountOut: fill.amountOut.toString(),
    feeLamports: fill.feeLamports.toString(),
  },
});

export const tradeFailed = (trade: Trade, { code, message }: TradeFailure): NewEvent => ({
  name: "trade_failed",
  payload: { ...tradeRef(trade), code, message },
});

export const positionOpened = (position: Position, totals: Totals, market: Market): NewEvent => ({
  name: "position_opened",
  payload: {
    ...positionRef(position),
    quantity: quantity({ side: position.side, totals }).toString(),
    entryPrice: formatPrice(known(entryPrice({ side: position.side, totals }, market))),
  },
});

export const positionUpdated = (position: Position, totals: Totals, status: string): NewEvent => ({
  name: "position_updated",
  payload: { ...positionRef(position), status, quantity: quantity({ side: position.side, totals }).toString() },
});

export const positionClosed = (position: Position, closeReason: string, market: Market): NewEvent => ({
  name: "position_closed",
  payload: {
    ...positionRef(position),
    closeReason,
    entryPrice: formatPrice(known(entryPrice(position, market))),
    exitPrice: priceText(exitPrice(position, market)),
    realizedPnl: realizedPnl(position)?.toString() ?? null,
    feesLamports: position.totals.feesLamports.toString(),
  },
});

const priceText = (price: Price | null): string | null => (price === null ? null : formatPrice(price));

/** An entry that is booked has a price: both its amounts are above zero. */
function known(price: Price | null): Price {
  if (price === null) throw new TypeError("the position has no entry");
  return price;
}
