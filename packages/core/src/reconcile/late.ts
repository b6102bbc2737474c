/**
 * What a transaction means that was proven unable to land, and is on the chain after all. Pure.
 *
 * Invariants:
 * - what it moved is booked once, and never so that more leaves a position than entered it;
 * - a trade that is not over takes it as its own, or is waited for: one whose fill were booked beside it would go on, and do
 *   the same again;
 * - what belongs to no position any more is inventory: booked on the attempt alone.
 */

import { alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import { type Market, marketOf } from "../market/market.ts";
import type { Amount } from "../money/amount.ts";
import { book, held, type Position, type Totals, transition } from "../position/position.ts";
import { entryPrice } from "../position/profit.ts";
import { type Attempt, type Fill, UNFINISHED_ATTEMPTS } from "../trade/attempt.ts";
import { positionClosed, positionOpened, positionUpdated, tradeConfirmed } from "../trade/events.ts";
import type { Landing, LateLanding } from "../trade/fill.store.ts";
import type { TradeRecord } from "../trade/trade.store.ts";
import { type TradeStatus, UNFINISHED_TRADES } from "../trade/trade.ts";

export type ExpiredAttempt = Extract<Attempt, { status: "expired" }>;

/** What is to be done about it. */
export type Late =
  /** As if it had never been taken for dead. */
  | { readonly type: "lands" }
  /** What its trade has in flight comes first. `holds`: and nothing more may be made for the trade until then. */
  | { readonly type: "waits"; readonly holds: boolean }
  /** Its trade is over: whether its position takes it. */
  | { readonly type: "beside"; readonly counts: boolean };

export function lateness({ trade, attempts, position }: TradeRecord, fill: Fill): Late {
  const live = position.status === "open" || position.status === "closing";
  // The entry was forked away: whether there is something that it took of is not known before that has landed or failed.
  if (trade.kind === "exit" && live && position.totals.entryOut === 0n) return { type: "waits", holds: false };
  const fits = trade.kind === "entry" || (live && fill.amountIn <= held(position.totals));
  const alone = attempts.every(({ status }) => !UNFINISHED_ATTEMPTS.some((unfinished) => unfinished === status));
  if (trade.status === "submitted" && alone && fits) return { type: "lands" };
  // An exit of more than is held is cut when it is tried, and then it is over.
  if (isUnfinished(trade.status)) return { type: "waits", holds: fits && !alone };
  return { type: "beside", counts: trade.kind === "exit" ? fits : live && trade.status === "finalized" };
}

const isUnfinished = (status: TradeStatus): boolean => UNFINISHED_TRADES.some((unfinished) => unfinished === status);

/** Everything that is booked of it, but for what its trade has become. */
export interface Booking {
  readonly attempt: ExpiredAttempt;
  readonly fill: Fill;
  readonly feeQuote: Amount | null;
  readonly markets: readonly Market[];
  readonly at: Date;
}

export function landingOf(record: TradeRecord, { attempt, fill, feeQuote, markets, at }: Booking): Landing {
  const { trade, position } = record;
  const market = marketOf(markets, trade.symbol);
  const totals = book(position.totals, trade.kind, fill, feeQuote);
  const enters = trade.kind === "entry" && position.status === "opening";
  return {
    attemptId: attempt.attemptId,
    fill,
    feeQuote,
    judged: position.status,
    entryPrice: trade.kind === "entry" ? entryPrice({ side: position.side, totals }, market) : null,
    events: [
      tradeConfirmed(trade, attempt, fill),
      enters ? positionOpened(position, totals, market) : positionUpdated(position, totals, position.status),
      alarmOf(record, attempt, "its trade goes on with it"),
    ],
    at,
  };
}

/** @param otherExits - Whether an exit of its position is unfinished, its own trade included. */
export function besideOf(
  record: TradeRecord,
  { attempt, fill, feeQuote, markets, at }: Booking,
  counts: boolean,
  otherExits: boolean,
): LateLanding {
  const { trade, position } = record;
  const totals = counts ? book(position.totals, trade.kind, fill, feeQuote) : position.totals;
  const over = isOver(position, totals, otherExits, at);
  return {
    attemptId: attempt.attemptId,
    fill,
    feeQuote,
    trade: trade.status,
    position,
    counts,
    closes: over ? over.closeReason : null,
    events: [
      tradeConfirmed(trade, attempt, fill),
      ...(over
        ? [positionClosed(over, over.closeReason, marketOf(markets, trade.symbol))]
        : counts
          ? [positionUpdated(position, totals, position.status)]
          : []),
      alarmOf(record, attempt, counts ? `its trade was ${trade.status}` : "no position takes it: it is inventory"),
    ],
    at,
  };
}

/** The position as it ends with this: nothing is held any more, and no exit that would find that out is left. */
function isOver(position: Position, totals: Totals, otherExits: boolean, at: Date) {
  if (position.status !== "open" && position.status !== "closing") return null;
  if (otherExits || position.exiting > 0n || held(totals) > 0n) return null;
  // Nobody wants it closed any more; what closed it is a transaction that the books knew as dead.
  const reason = position.status === "closing" ? position.closeReason : "closed_externally";
  const over = transition({ ...position, totals }, { type: "finish", at, reason });
  return over.status === "closed" ? over : null;
}

const alarmOf = ({ trade }: TradeRecord, { attemptId, signature }: ExpiredAttempt, what: string): NewEvent =>
  alarmRaised(trade, "LATE_LANDING", `${attemptId}, taken for expired, landed as ${signature}: ${what}`);
