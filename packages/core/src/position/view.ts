/** A position as the API and the library show it: decimal strings, ISO times; what is not known is null, never zero. */
import type { Market } from "../market/market.ts";
import { formatAmount } from "../money/amount.ts";
import { fractionOf } from "../money/bps.ts";
import { formatPrice, type Price } from "../money/price.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import { type Stop, triggerPrice } from "../stop/stop.ts";
import { held, type Position } from "./position.ts";
import { entryPrice, exitPrice, realizedPnl, unrealizedPnl } from "./profit.ts";

export type StopView =
  | { readonly kind: "fixed"; readonly price: string }
  | {
      readonly kind: "trailing";
      readonly distance: string;
      /** Null until the position is open. */
      readonly highWaterMark: string | null;
      readonly triggerPrice: string | null;
    };

export interface PositionView {
  readonly positionId: number;
  readonly symbol: string;
  readonly side: string;
  readonly status: string;
  /** The notional asked for, in the quote currency. */
  readonly size: string;
  /** What is still held, in the base currency. */
  readonly quantity: string;
  readonly entryPrice: string | null;
  readonly exitPrice: string | null;
  readonly stop: StopView | null;
  /** In the quote currency, at `price`; null when no price is known or nothing is held. */
  readonly unrealizedPnl: string | null;
  /** In the quote currency, after all fees paid so far; null when the value of a fee is not known. */
  readonly realizedPnl: string | null;
  readonly fees: { readonly lamports: string; readonly quote: string | null; readonly rentLamports: string };
  readonly price: { readonly value: string; readonly at: string; readonly source: string } | null;
  readonly closeReason: string | null;
  readonly version: number;
  readonly createdAt: string;
  readonly openedAt: string | null;
  readonly closedAt: string | null;
}

export function positionView(position: Position, market: Market, accepted: AcceptedPrice | null): PositionView {
  const { totals } = position;
  const inQuote = (value: bigint | null) => (value === null ? null : formatAmount(value, market.quoteDecimals));
  const holds = held(totals) > 0n;
  return {
    positionId: position.positionId,
    symbol: position.symbol,
    side: position.side,
    status: position.status,
    size: formatAmount(position.size, market.quoteDecimals),
    quantity: formatAmount(held(totals), market.baseDecimals),
    entryPrice: text(entryPrice(totals, market)),
    exitPrice: text(exitPrice(totals, market)),
    stop: position.stop && stopView(position.stop, markOf(position)),
    unrealizedPnl: accepted && holds ? inQuote(unrealizedPnl(totals, accepted.price, market)) : null,
    realizedPnl: inQuote(realizedPnl(totals)),
    fees: {
      lamports: totals.feesLamports.toString(),
      quote: inQuote(totals.feesQuote),
      rentLamports: totals.rentLamports.toString(),
    },
    price: accepted && {
      value: formatPrice(accepted.price),
      at: accepted.at.toISOString(),
      source: accepted.source,
    },
    closeReason: "closeReason" in position ? position.closeReason : null,
    version: position.version,
    createdAt: position.createdAt.toISOString(),
    openedAt: "openedAt" in position ? (position.openedAt?.toISOString() ?? null) : null,
    closedAt: "closedAt" in position ? position.closedAt.toISOString() : null,
  };
}

const text = (value: Price | null): string | null => (value === null ? null : formatPrice(value));

const markOf = (position: Position): Price | null =>
  "highWaterMark" in position ? (position.highWaterMark ?? null) : null;

const stopView = (stop: Stop, highWaterMark: Price | null): StopView =>
  stop.kind === "fixed"
    ? { kind: "fixed", price: formatPrice(stop.price) }
    : {
        kind: "trailing",
        distance: String(fractionOf(stop.distanceBps)),
        highWaterMark: text(highWaterMark),
        triggerPrice: highWaterMark && formatPrice(triggerPrice(stop, highWaterMark)),
      };
