/**
 * Whose turn it is to make the next attempt of a trade, in Postgres, and how long to wait before the next try.
 *
 * Invariants:
 * - a turn is taken by one conditional statement: of several messages for one trade, one works and the others end;
 * - it is an efficiency, not a lock: it ends by time, and two that work at once meet in the unique indexes;
 * - a turn may be lost with whoever took it, so a message that meets one comes again when it ends; a pause is noted after its
 *   message was queued, so a message that meets one may end.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import { happened, timestamp } from "./judged.ts";
import { MOVING_TRADES, type Trade, type TradeFailure } from "./trade.ts";

export interface Postponement {
  readonly tradeId: string;
  /** How many attempts and setbacks were seen: with one more, somebody else has gone on. */
  readonly attempts: number;
  readonly setbacks: number;
  readonly failure: TradeFailure;
  readonly retryAt: Date;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface TurnStore {
  /** Takes the turn until `until`. False: somebody else has it, or has gone on. */
  take(trade: Pick<Trade, "tradeId" | "turnUntil">, attempts: number, until: Date): Promise<boolean>;
  /** Gives the turn back. */
  release(tradeId: string, until: Date): Promise<void>;
  /** Ends the turn without an attempt: notes the setback, and that nobody tries before `retryAt`. */
  postpone(postponement: Postponement): Promise<boolean>;
}

const MOVING = sql`t.status in ${MOVING_TRADES}`;

export const turnStore = (db: Database): TurnStore => ({
  take: ({ tradeId, turnUntil }, attempts, until) =>
    happened(
      db,
      sql`
      update trade t set turn_until = ${timestamp(until)}
      where t.trade_id = ${tradeId} and t.attempts = ${attempts}::int and ${MOVING}
        and t.turn_until is not distinct from ${turnUntil?.toISOString() ?? null}::timestamptz
      returning t.trade_id`,
    ),

  async release(tradeId, until) {
    await db.execute(sql`
      update trade set turn_until = null where trade_id = ${tradeId} and turn_until = ${timestamp(until)}`);
  },

  postpone: ({ tradeId, attempts, setbacks, failure, retryAt, events, at }) =>
    happened(
      db,
      sql`
      with judged as (
        select t.trade_id, p.position_id
        from position p join trade t on t.position_id = p.position_id
        where t.trade_id = ${tradeId} and t.attempts = ${attempts}::int and t.setbacks = ${setbacks}::int and ${MOVING}
        for update of p, t
      ), postponed as (
        update trade set setbacks = trade.setbacks + 1, setback = ${JSON.stringify(failure)}::jsonb,
          retry_at = ${timestamp(retryAt)}, turn_until = null
        from judged where trade.trade_id = judged.trade_id
      ), touched as (
        update position p set event_sequence = p.event_sequence + ${events.length}::int
        from judged where p.position_id = judged.position_id
        returning p.position_id, p.event_sequence
      ), ${tell(events, at)}
      select trade_id from judged`,
    ),
});
