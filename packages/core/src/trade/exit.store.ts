/**
 * What an exit may spend, in Postgres, and putting other exits in the place of one that cannot be made as it was planned.
 *
 * Invariants:
 * - a replacement names what it has seen held, exiting and tried; what was booked meanwhile makes it see again;
 * - an exit is replaced only while none of its attempts can land, by one statement that plans all that comes in its place;
 * - what is written off leaves the position by that same statement, and a position of which nothing is left closes with it:
 *   both only of an entry that is final.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import type { Mint } from "../market/mint.ts";
import type { Amount } from "../money/amount.ts";
import { POSITION_MOVES } from "../position/position.ts";
import { UNFINISHED_ATTEMPTS } from "./attempt.ts";
import { COMES_LATER, ENTRY_FINAL, HELD, happened, numeric, timestamp, UNCHANGED } from "./judged.ts";
import { TRADE_MOVES, type Trade, UNFINISHED_TRADES } from "./trade.ts";

/** What else there is in the account of the mint that an exit spends. */
export interface ExitSurroundings {
  /** What the account's open positions hold of it, and older ones that close as well: a shortage is the newest ones'. */
  readonly heldByOthers: bigint;
  /** An attempt of the account that moves the mint can still land, or be forked away. */
  readonly unfinished: boolean;
  /** Another exit of the same position is unfinished. */
  readonly otherExits: boolean;
  /** Another exit of the same position has the next attempt, or one on its way. */
  readonly waits: boolean;
  /** The latest slot of which a fill of the mint is booked; null: there is none. */
  readonly lastFillSlot: bigint | null;
}

export interface Replacement {
  readonly tradeId: string;
  /** What was seen: how many attempts, all of them dead; what the position held; what its exits were meant to spend. */
  readonly attempts: number;
  readonly held: Amount;
  readonly exiting: Amount;
  readonly otherExits: boolean;
  /** How often it was tried, those before it included. */
  readonly tries: number;
  /** The exits that take its place, in the order in which they are to go. */
  readonly parts: readonly { readonly tradeId: string; readonly amountIn: Amount }[];
  readonly missing: Amount;
  readonly dust: Amount;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface ExitStore {
  surroundings(trade: Trade): Promise<ExitSurroundings>;
  /**
   * The account's trades that move the mint an exit spends, and whose attempt is unfinished though it was drafted before then.
   * At most ten.
   */
  overdue(trade: Trade, before: Date): Promise<readonly string[]>;
  /** False: it is not as it was seen, or something would be written off of an entry that is not final. */
  replace(replacement: Replacement): Promise<boolean>;
}

/** They are looked at one after another, and those that are left by the next look. */
export const OVERDUE_MAX = 10;

export const exitStore = (db: Database): ExitStore => ({
  async surroundings({ tradeId, accountId, positionId, inputMint }) {
    const { rows } = await db.execute<{
      held_by_others: string;
      unfinished: boolean;
      other_exits: boolean;
      waits: boolean;
      last_fill_slot: string | null;
    }>(sql`
      select
        (select coalesce(sum(${HELD}), 0)::text from position p join market m on m.symbol = p.symbol
          where p.account_id = ${accountId} and p.position_id <> ${positionId}
            and (p.status = 'open' or (p.status = 'closing' and p.position_id < ${positionId}))
            and ${holds(inputMint)}) as held_by_others,
        exists (select from attempt a join trade t on t.trade_id = a.trade_id
          where t.account_id = ${accountId} and ${moves(inputMint)} and a.status in ${UNFINISHED_ATTEMPTS}) as unfinished,
        exists (select from trade t
          where t.position_id = ${positionId} and t.kind = 'exit' and t.trade_id <> ${tradeId}
            and t.status in ${UNFINISHED_TRADES}) as other_exits,
        exists (select from trade t where t.trade_id = ${tradeId} and (
          ${COMES_LATER} or exists (select from attempt a
            where a.position_id = ${positionId} and a.kind = 'exit' and a.trade_id <> ${tradeId}
              and a.status in ${UNFINISHED_ATTEMPTS})
        )) as waits,
        (select max(a.slot)::text from attempt a join trade t on t.trade_id = a.trade_id
          where t.account_id = ${accountId} and ${moves(inputMint)}) as last_fill_slot`);
    const [row] = rows;
    if (!row) throw new TypeError(`the surroundings of ${tradeId} were not answered`);
    return {
      heldByOthers: BigInt(row.held_by_others),
      unfinished: row.unfinished,
      otherExits: row.other_exits,
      waits: row.waits,
      lastFillSlot: row.last_fill_slot === null ? null : BigInt(row.last_fill_slot),
    };
  },

  async overdue({ tradeId, accountId, inputMint }, before) {
    const { rows } = await db.execute<{ trade_id: string }>(sql`
      select t.trade_id from attempt a join trade t on t.trade_id = a.trade_id
      where t.account_id = ${accountId} and t.trade_id <> ${tradeId} and ${moves(inputMint)}
        and a.status in ${UNFINISHED_ATTEMPTS} and a.drafted_at < ${timestamp(before)}
      order by a.drafted_at, t.trade_id
      limit ${OVERDUE_MAX}`);
    return rows.map((row) => row.trade_id);
  },

  replace: ({ tradeId, attempts, held, exiting, otherExits, tries, parts, missing, dust, events, at }) => {
    const rows = parts.map(({ tradeId: part, amountIn }, index) => ({
      tradeId: part,
      amountIn: amountIn.toString(),
      plannedAt: latchedAt(at, parts.length, index).toISOString(),
    }));
    const planned = parts.reduce((sum, part) => sum + part.amountIn, 0n);
    const left = sql`(${HELD} - ${numeric(missing)} - ${numeric(dust)})`;
    const meant = sql`(p.exiting - judged.amount_in + ${numeric(planned)})`;
    const over = sql`(${planned === 0n && !otherExits}::boolean and ${left} = 0)`;
    return happened(
      db,
      sql`
      with judged as (
        select t.*
        from position p join trade t on t.position_id = p.position_id
        where t.trade_id = ${tradeId} and t.kind = 'exit' and t.status in ${TRADE_MOVES.supersede.from}
          and t.attempts = ${attempts}::int and p.status = 'closing'
          and ${HELD} = ${numeric(held)} and p.exiting = ${numeric(exiting)}
          and (${planned === 0n || missing > 0n || dust > 0n}::boolean is false or ${ENTRY_FINAL}) and ${UNCHANGED}
          and not exists (select from attempt a where a.trade_id = t.trade_id and a.status in ${UNFINISHED_ATTEMPTS})
          and ${otherExits}::boolean = exists (select from trade other
            where other.position_id = p.position_id and other.kind = 'exit' and other.trade_id <> t.trade_id
              and other.status in ${UNFINISHED_TRADES})
        for update of p, t
      ), superseded as (
        update trade set status = ${TRADE_MOVES.supersede.to}, ended_at = ${timestamp(at)}
        from judged where trade.trade_id = judged.trade_id
      ), parts as (
        insert into trade (trade_id, account_id, position_id, symbol, kind, side, status, input_mint, output_mint,
          amount_in, replaces, tries_before, planned_at)
        select part."tradeId", account_id, position_id, symbol, kind, side, 'planned', input_mint, output_mint,
          part."amountIn"::numeric, judged.trade_id, ${tries}::int, part."plannedAt"
        from judged, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as part("tradeId" text, "amountIn" text, "plannedAt" timestamptz)
      ), touched as (
        update position p set exiting = ${meant}, missing = p.missing + ${numeric(missing)}, dust = p.dust + ${numeric(dust)},
          status = case when ${over} then ${POSITION_MOVES.finish.to} else p.status end,
          closed_at = case when ${over} then ${timestamp(at)} else p.closed_at end,
          event_sequence = p.event_sequence + ${events.length}::int
        from judged where p.position_id = judged.position_id
        returning p.position_id, p.event_sequence
      ), ${tell(events, at)}
      select trade_id from judged`,
    );
  },
});

/** Of several exits the one latched last goes first: the parts of one are latched a millisecond apart, last one first. */
export const latchedAt = (at: Date, parts: number, index: number): Date => new Date(at.getTime() + parts - 1 - index);

/** Whether the position `p` of market `m` holds the mint: base for side `buy`, quote for side `sell`. */
export const holds = (mint: Mint): SQL => sql`case p.side when 'buy' then m.base_mint else m.quote_mint end = ${mint}`;

/** Whether the trade `t` spends or brings the mint. */
export const moves = (mint: Mint): SQL => sql`(t.input_mint = ${mint} or t.output_mint = ${mint})`;
