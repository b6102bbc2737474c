/** The story as people read it: one line for each thing that happened, with its numbers. */
import type { StoredEvent } from "@backstop/core/event/event";
import type { Market, Side } from "@backstop/core/market/market";
import { formatAmount } from "@backstop/core/money/amount";

const rounded = (price: string): string => Number(price).toPrecision(6);

/** What the event tells, without its time; `side` is the position's. */
export function tell(event: StoredEvent, market: Market, side: Side): string {
  const [base = "", quote = ""] = market.symbol.split("/");
  const inBase = (amount: string) => `${formatAmount(BigInt(amount), market.baseDecimals)} ${base}`;
  const inQuote = (amount: string) => `${formatAmount(BigInt(amount), market.quoteDecimals)} ${quote}`;
  switch (event.name) {
    case "trade_executed":
      return `${event.payload.kind} ${event.payload.side}: attempt ${event.payload.attemptId.split(".").at(-1)} signed, recorded and sent (${event.payload.signature.slice(0, 8)}…)`;
    case "trade_confirmed": {
      const [spent, got] =
        event.payload.side === "buy"
          ? [inQuote(event.payload.amountIn), inBase(event.payload.amountOut)]
          : [inBase(event.payload.amountIn), inQuote(event.payload.amountOut)];
      return `${event.payload.kind} ${event.payload.side}: confirmed, ${spent} for ${got}, fee ${event.payload.feeLamports} lamports`;
    }
    case "trade_failed":
      return `${event.payload.kind} failed: ${event.payload.code}, ${event.payload.message}`;
    case "position_opened":
      return `position ${event.payload.positionId} opened: ${inBase(event.payload.quantity)} ${side === "buy" ? "bought" : "sold"} at ${rounded(event.payload.entryPrice)}, its stop is armed`;
    case "position_updated":
      return `position ${event.payload.positionId} ${event.payload.status}: ${inBase(event.payload.quantity)} ${side === "buy" ? "left" : "to buy back"}`;
    case "trailing_stop_updated":
      return `stop ${side === "buy" ? "raised" : "lowered"} to ${rounded(event.payload.stopPrice)}: the market reached ${rounded(event.payload.highWaterMark)}`;
    case "stop_loss_triggered": {
      const [beyond, best] = side === "buy" ? ["below", "high"] : ["above", "low"];
      return `STOP (${event.payload.reason}): ${rounded(event.payload.acceptedPrice)} is at or ${beyond} ${rounded(event.payload.stopPrice)}, after a ${best} of ${rounded(event.payload.highWaterMark)}`;
    }
    case "position_closed": {
      const { realizedPnl, entryPrice, exitPrice, closeReason, feesLamports } = event.payload;
      const result = realizedPnl === null ? "unknown" : inQuote(realizedPnl);
      return `position ${event.payload.positionId} closed (${closeReason}): ${rounded(entryPrice)} → ${exitPrice === null ? "nothing" : rounded(exitPrice)}, profit and loss after fees ${result} (fees ${feesLamports} lamports)`;
    }
    case "alarm_raised":
      return `ALARM (${event.payload.code}): ${event.payload.message}`;
    default:
      return event satisfies never;
  }
}

/** `  12.3 s  what happened`. */
export const line = (elapsedMs: number, text: string): string =>
  `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  ${text}`;
