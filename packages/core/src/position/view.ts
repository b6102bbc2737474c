/** A position as the API and the library show it: decimal strings, ISO times; what is not known is null, never zero. */
import type { Market } from "../market/market.ts";
import { formatAmount } from "../money/amount.ts";
import { fractionOf } from "../money/bps.ts";
import { formatPrice, type Price } from "../money/price.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import { triggerPrice } from "../stop/stop.ts";
import { held, type Position } from "./position.ts";
import { entryPrice, exitPrice, quantity, realizedPnl, realizedPnlBase, unrealizedPnl } from "./profit.ts";

export type StopView =
  | { readonly kind: "fixed"; readonly price: string }
  | {
      readonly kind: "trailing";
      readonly distance: string;
      /** Asleep until the market has moved this far from the entry; null: awake from the start. */
      readonly activation: string | null;
      /** Best price since it was armed (the lowest for side `sell`); null until the position is open. */
      readonly highWaterMark: string | null;
      /** Null until it is active. */
      readonly triggerPrice: string | null;
    };

export interface PositionView {
  readonly positionId: number;
  readonly symbol: string;
  readonly side: string;
  readonly status: string;
  /** The notional asked for, in the quote currency. */
  readonly size: string;
  /** In the base currency: what is still held, for side `sell` what is still to be bought back. */
  readonly quantity: string;
  readonly entryPrice: string | null;
  readonly exitPrice: string | null;
  readonly stop: StopView | null;
  /** In the quote currency, at `price`; null when no price is known or nothing is held. */
  readonly unrealizedPnl: string | null;
  /** In the quote currency, after all fees paid so far; null when the value of a fee is not known. */
  readonly realizedPnl: string | null;
  /** Side `sell`: base bought back less base sold; null for side `buy`. */
  readonly realizedPnlBase: string | null;
  readonly fees: { readonly lamports: string; readonly quote: string | null; readonly rentLamports: string };
  readonly price: { readonly value: string; readonly at: string; readonly source: string } | null;
  /** In the currency it holds, base for side `buy`: not in the wallet when an exit looked for it; left there as too little. */
  readonly missing: string;
  readonly dust: string;
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
  const heldDecimals = position.side === "buy" ? market.baseDecimals : market.quoteDecimals;
  return {
    positionId: position.positionId,
    symbol: position.symbol,
    side: position.side,
    status: position.status,
    size: formatAmount(position.size, market.quoteDecimals),
    quantity: formatAmount(quantity(position), market.baseDecimals),
    entryPrice: text(entryPrice(position, market)),
    exitPrice: text(exitPrice(position, market)),
    stop: stopView(position),
    unrealizedPnl: accepted && holds ? inQuote(unrealizedPnl(position, accepted.price, market)) : null,
    realizedPnl: inQuote(realizedPnl(position)),
    realizedPnlBase: position.side === "sell" ? formatAmount(realizedPnlBase(position), market.baseDecimals) : null,
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
    missing: formatAmount(totals.missing, heldDecimals),
    dust: formatAmount(totals.dust, heldDecimals),
    closeReason: "closeReason" in position ? position.closeReason : null,
    version: position.version,
    createdAt: position.createdAt.toISOString(),
    openedAt: "openedAt" in position ? (position.openedAt?.toISOString() ?? null) : null,
    closedAt: "closedAt" in position ? position.closedAt.toISOString() : null,
  };
}

const text = (value: Price | null): string | null => (value === null ? null : formatPrice(value));

function stopView(position: Position): StopView | null {
  const { stop, side } = position;
  if (stop === null) return null;
  if (stop.kind === "fixed") return { kind: "fixed", price: formatPrice(stop.price) };
  const [entry, mark] = "entryPrice" in position ? [position.entryPrice, position.highWaterMark] : [];
  return {
    kind: "trailing",
    distance: String(fractionOf(stop.distanceBps)),
    activation: stop.activationBps === undefined ? null : String(fractionOf(stop.activationBps)),
    highWaterMark: text(mark ?? null),
    triggerPrice: entry && mark ? text(triggerPrice({ side, stop, entryPrice: entry, highWaterMark: mark })) : null,
  };
}
