/**
 * What happened, told once: an event's outbox row is written by the very statement that made the change.
 *
 * Invariants: names are API and in the past tense; amounts, prices and instants are strings; an event's id is made from
 * its position and that position's sequence, so that a delivery repeated is the same event.
 */
export interface EventPayloads {
  /** Signed, recorded and on its way; `trade_confirmed` is the fill. */
  trade_executed: TradeRef & { attemptId: string; signature: string };
  trade_confirmed: TradeRef & {
    attemptId: string;
    signature: string;
    amountIn: string;
    amountOut: string;
    feeLamports: string;
  };
  trade_failed: TradeRef & { code: string; message: string };
  position_opened: PositionRef & { quantity: string; entryPrice: string };
  position_updated: PositionRef & { status: string; quantity: string };
  position_closed: PositionRef & {
    closeReason: string;
    entryPrice: string;
    exitPrice: string;
    /** Base units of the quote; null when a fee's value is not known. */
    realizedPnl: string | null;
    feesLamports: string;
  };
  stop_loss_triggered: PositionRef & {
    tradeId: string;
    reason: string;
    acceptedPrice: string;
    stopPrice: string;
    highWaterMark: string;
  };
  trailing_stop_updated: PositionRef & { highWaterMark: string; stopPrice: string; acceptedPrice: string };
}

interface PositionRef {
  positionId: number;
  symbol: string;
}
interface TradeRef extends PositionRef {
  tradeId: string;
  kind: string;
  side: string;
}

export type EventName = keyof EventPayloads;

/** An event as the code that causes it writes it; the statement adds the id and the sequence. */
export type NewEvent = {
  [Name in EventName]: { readonly name: Name; readonly payload: EventPayloads[Name] };
}[EventName];

/** An event as it is delivered. */
export type StoredEvent = NewEvent & {
  readonly eventId: string;
  /** Of the outbox: grows in the order of writing. */
  readonly sequence: bigint;
  readonly positionId: number;
  /** 1, 2, 3 … within one position: the order its consumers must keep. */
  readonly positionSequence: number;
  readonly at: Date;
};
