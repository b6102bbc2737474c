/**
 * Armed stops in Postgres: what a book is made from, and the statements that fire, raise and replace a rule.
 *
 * Invariants:
 * - a claim names the version of the rule it judged; what was changed meanwhile does not fire, and the answer carries
 *   the current rule, so that the book heals;
 * - claim, trigger, planned exit and event are one statement; the exit's id is derived, so a second claim collides;
 * - a claim plans the exit of what no other exit is meant for;
 * - a mark is only ever recorded better.
 */
import { asc, inArray, type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import { formatPrice, type Price } from "../money/price.ts";
import { positionOf } from "../position/position.row.ts";
import { position } from "../position/position.sql.ts";
import { held, POSITION_MOVES, type Position } from "../position/position.ts";
import { HELD, happened, timestamp } from "../trade/judged.ts";
import type { ArmedStop, CloseReason, Stop } from "./stop.ts";

/** A stop that was hit, as it was judged. */
export interface Fired {
  readonly armed: ArmedStop;
  readonly reason: CloseReason;
  readonly acceptedPrice: Price;
  readonly stopPrice: Price;
  readonly exitTradeId: string;
}

export interface Claim {
  /** The rule that was judged. */
  readonly armed: ArmedStop;
  readonly claimed: boolean;
  /** The rule that is armed now; null when the position is not open any more. */
  readonly current: ArmedStop | null;
}

export interface RaisedMark {
  readonly armed: ArmedStop;
  readonly stopPrice: Price;
  readonly acceptedPrice: Price;
}

export interface StopReplacement {
  readonly accountId: string;
  readonly positionId: number;
  /** The version that its author had seen. */
  readonly version: number;
  readonly stop: Stop;
  /** The accepted price: where the mark of the new rule begins. */
  readonly highWaterMark: Price;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface StopStore {
  /** Every armed stop: what a book is rebuilt from. */
  armed(): Promise<readonly ArmedStop[]>;
  /** Latches everything that fired in a tick: positions to closing, with triggers, planned exits and events. */
  claim(fired: readonly Fired[], at: Date): Promise<readonly Claim[]>;
  /** Records marks that rose by a step, with their events; how many were news. */
  raiseMarks(raised: readonly RaisedMark[], at: Date): Promise<number>;
  /** Puts another rule in the place of the one that was seen. False: that one has moved, or nothing is to be watched. */
  replace(replacement: StopReplacement): Promise<boolean>;
}

/** Positions whose stop is watched: open, or closing only in part. */
const WATCHED = sql`(p.status = 'open' or (p.status = 'closing' and p.partial))`;

export function stopStore(db: Database): StopStore {
  const armedWhere = async (condition: SQL): Promise<readonly ArmedStop[]> => {
    const rows = await db
      .select()
      .from(position)
      .where(sql`${position.status} in ('open', 'closing') and ${position.stop} is not null and ${condition}`)
      .orderBy(asc(position.positionId));
    return rows.map(positionOf).flatMap((each) => armedStop(each) ?? []);
  };

  return {
    armed: () => armedWhere(sql`true`),

    async claim(fired, at) {
      if (fired.length === 0) return [];
      const rows = fired.map(judgedRow);
      const { rows: claimed } = await db.execute<{ position_id: number }>(sql`
        with fired as (
          select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as fired(
            "positionId" int, version int, reason text, "acceptedPrice" float8, "stopPrice" float8,
            "highWaterMark" float8, "exitTradeId" text, told jsonb)
        ), locked as (
          select p.position_id, ${HELD} - p.exiting as rest
          from position p join fired on p.position_id = fired."positionId"
          where p.version = fired.version and ${WATCHED} and ${HELD} > p.exiting
          order by p.position_id
          for update of p
        ), claimed as (
          update position p
          set status = ${POSITION_MOVES.close.to}, partial = false, exiting = ${HELD},
            close_reason = fired.reason, version = p.version + 1,
            high_water_mark = case p.side when 'buy'
              then greatest(p.high_water_mark, fired."highWaterMark")
              else least(p.high_water_mark, fired."highWaterMark") end,
            event_sequence = p.event_sequence + 1
          from fired join locked on locked.position_id = fired."positionId"
          where p.position_id = locked.position_id
          returning p.position_id, p.account_id, p.symbol, p.side, locked.rest, p.event_sequence,
            fired.*
        ), triggered as (
          insert into trigger (position_id, version, reason, accepted_price, stop_price, high_water_mark, triggered_at)
          select position_id, version, reason, "acceptedPrice", "stopPrice", "highWaterMark", ${timestamp(at)}
          from claimed
        ), planned as (
          insert into trade (trade_id, account_id, position_id, symbol, kind, side, status, input_mint, output_mint,
            amount_in, planned_at)
          select "exitTradeId", account_id, position_id, claimed.symbol, 'exit',
            case claimed.side when 'buy' then 'sell' else 'buy' end, 'planned',
            case claimed.side when 'buy' then base_mint else quote_mint end,
            case claimed.side when 'buy' then quote_mint else base_mint end,
            rest, ${timestamp(at)}
          from claimed join market on market.symbol = claimed.symbol
        ), told as (
          insert into outbox (event_id, name, position_id, position_sequence, payload, at)
          select 'evt_' || position_id || '_' || event_sequence, 'stop_loss_triggered', position_id, event_sequence,
            jsonb_build_object('positionId', position_id, 'symbol', symbol, 'tradeId', "exitTradeId", 'reason', reason,
              'acceptedPrice', told->>'acceptedPrice', 'stopPrice', told->>'stopPrice',
              'highWaterMark', told->>'highWaterMark'),
            ${timestamp(at)}
          from claimed
        )
        select position_id from claimed`);
      const won = new Set(claimed.map((row) => row.position_id));
      const lost = fired.map((each) => each.armed.positionId).filter((positionId) => !won.has(positionId));
      const current = lost.length === 0 ? [] : await armedWhere(inArray(position.positionId, lost));
      return fired.map(({ armed }) => ({
        armed,
        claimed: won.has(armed.positionId),
        current: current.find((each) => each.positionId === armed.positionId) ?? null,
      }));
    },

    async raiseMarks(raised, at) {
      if (raised.length === 0) return 0;
      const rows = raised.map(judgedRow);
      const { rows: recorded } = await db.execute(sql`
        with raised as (
          select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as raised(
            "positionId" int, version int, "acceptedPrice" float8, "stopPrice" float8, "highWaterMark" float8, told jsonb)
        ), locked as (
          select p.position_id from position p join raised on p.position_id = raised."positionId"
          where p.version = raised.version and ${WATCHED}
            and case p.side when 'buy' then p.high_water_mark < raised."highWaterMark"
              else p.high_water_mark > raised."highWaterMark" end
          order by p.position_id
          for update of p
        ), recorded as (
          update position p set high_water_mark = raised."highWaterMark", event_sequence = p.event_sequence + 1
          from raised join locked on locked.position_id = raised."positionId"
          where p.position_id = locked.position_id
          returning p.position_id, p.symbol, p.event_sequence, raised.*
        ), told as (
          insert into outbox (event_id, name, position_id, position_sequence, payload, at)
          select 'evt_' || position_id || '_' || event_sequence, 'trailing_stop_updated', position_id, event_sequence,
            jsonb_build_object('positionId', position_id, 'symbol', symbol, 'highWaterMark', told->>'highWaterMark',
              'stopPrice', told->>'stopPrice', 'acceptedPrice', told->>'acceptedPrice'),
            ${timestamp(at)}
          from recorded
        )
        select position_id from recorded`);
      return recorded.length;
    },

    replace: ({ accountId, positionId, version, stop, highWaterMark, events, at }) =>
      happened(
        db,
        sql`
        with touched as (
          update position p set stop = ${JSON.stringify(stop)}::jsonb, version = p.version + 1,
            high_water_mark = ${highWaterMark}::float8, event_sequence = p.event_sequence + ${events.length}::int
          where p.account_id = ${accountId} and p.position_id = ${positionId} and p.version = ${version}
            and (p.status = 'opening' or ${WATCHED})
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select position_id from touched`,
      ),
  };
}

/** The stop of a position as it is watched, or null when nothing is to be watched, or nothing is left for it to sell. */
export const armedStop = (each: Position): ArmedStop | null =>
  (each.status === "open" || (each.status === "closing" && each.partial)) &&
  held(each.totals) > each.exiting &&
  each.stop !== null &&
  each.entryPrice &&
  each.highWaterMark
    ? {
        positionId: each.positionId,
        symbol: each.symbol,
        side: each.side,
        version: each.version,
        stop: each.stop,
        entryPrice: each.entryPrice,
        highWaterMark: each.highWaterMark,
      }
    : null;

/** As the statements read it: numbers to compare and to keep, and the same as text for the event, never with an exponent. */
const judgedRow = ({ armed, ...judged }: Fired | RaisedMark) => ({
  ...armed,
  ...judged,
  told: {
    acceptedPrice: formatPrice(judged.acceptedPrice),
    stopPrice: formatPrice(judged.stopPrice),
    highWaterMark: formatPrice(armed.highWaterMark),
  },
});
