/**
 * Positions in Postgres: read, and told to close by a person.
 *
 * Invariant: closing names what it has seen held; what was booked meanwhile makes it see again, and no two closes plan the
 * exit of the same amount.
 */
import { and, desc, eq, inArray, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import type { Mint } from "../market/mint.ts";
import type { Amount } from "../money/amount.ts";
import { HELD, happenedAlone, numeric, timestamp } from "../trade/judged.ts";
import { committedRows } from "./committed.ts";
import { positionOf } from "./position.row.ts";
import { position } from "./position.sql.ts";
import { POSITION_MOVES, type Position, type PositionStatus } from "./position.ts";

export interface ClosePlan {
  readonly accountId: string;
  readonly positionId: number;
  readonly tradeId: string;
  /** What was seen held and not meant for another exit. */
  readonly seen: Amount;
  /** What of it is to leave. */
  readonly amountIn: Amount;
  /** The caller's key with the digest of its request; null: none was given. */
  readonly key: { readonly idempotencyKey: string; readonly requestDigest: string } | null;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface Committed {
  readonly amount: bigint;
  /** The latest slot of which a fill of the mint is booked; null: there is none. */
  readonly lastFillSlot: bigint | null;
}

export interface PositionStore {
  find(accountId: string, positionId: number): Promise<Position | null>;
  /** At most `limit` positions of the account in these statuses, newest first. */
  list(accountId: string, statuses: readonly PositionStatus[], limit: number): Promise<readonly Position[]>;
  /**
   * Plans the exit of `amountIn`, for a person. False: the position is not open, or holds something else than was seen, or the
   * key was taken a moment ago. While only a part is closing, the rest may be told to close as well.
   */
  planClose(plan: ClosePlan): Promise<boolean>;
  /** What of the mint in the account's wallet is not there for new entries, for a balance that is asked for after `at`. */
  committed(accountId: string, mint: Mint, at: Date): Promise<Committed>;
}

export function positionStore(db: Database): PositionStore {
  return {
    async find(accountId, positionId) {
      const [row] = await db
        .select()
        .from(position)
        .where(and(eq(position.accountId, accountId), eq(position.positionId, positionId)));
      return row ? positionOf(row) : null;
    },

    async list(accountId, statuses, limit) {
      const rows = await db
        .select()
        .from(position)
        .where(and(eq(position.accountId, accountId), inArray(position.status, [...statuses])))
        .orderBy(desc(position.positionId))
        .limit(limit);
      return rows.map(positionOf);
    },

    planClose: ({ accountId, positionId, tradeId, seen, amountIn, key, events, at }) =>
      happenedAlone(
        db,
        sql`
        with touched as (
          update position p
          set status = ${POSITION_MOVES.close.to}, close_reason = 'manual', partial = ${amountIn < seen}::boolean,
            exiting = p.exiting + ${numeric(amountIn)}, event_sequence = p.event_sequence + ${events.length}::int
          where p.account_id = ${accountId} and p.position_id = ${positionId}
            and (p.status = 'open' or (p.status = 'closing' and p.partial and ${amountIn === seen}::boolean))
            and ${HELD} - p.exiting = ${numeric(seen)}
          returning p.position_id, p.event_sequence, p.account_id, p.symbol, p.side
        ), planned as (
          insert into trade (trade_id, account_id, position_id, symbol, kind, side, status, input_mint, output_mint,
            amount_in, idempotency_key, request_digest, planned_at)
          select ${tradeId}, account_id, position_id, touched.symbol, 'exit',
            case touched.side when 'buy' then 'sell' else 'buy' end, 'planned',
            case touched.side when 'buy' then base_mint else quote_mint end,
            case touched.side when 'buy' then quote_mint else base_mint end,
            ${numeric(amountIn)}, ${key?.idempotencyKey ?? null}, ${key?.requestDigest ?? null}, ${timestamp(at)}
          from touched join market on market.symbol = touched.symbol
        ), ${tell(events, at)}
        select position_id from touched`,
      ),

    async committed(accountId, mint, at) {
      const { rows } = await db.execute<{ amount: string; last_fill_slot: string | null }>(sql`
        select
          (select coalesce(sum(amount), 0)::text from (${committedRows(accountId, at)}) as committed
            where mint = ${mint}) as amount,
          (select max(a.slot)::text from attempt a join trade t on t.trade_id = a.trade_id
            where t.account_id = ${accountId} and ${mint} in (t.input_mint, t.output_mint)) as last_fill_slot`);
      const [row] = rows;
      if (!row) throw new TypeError(`what ${accountId} has committed was not answered`);
      return {
        amount: BigInt(row.amount),
        lastFillSlot: row.last_fill_slot === null ? null : BigInt(row.last_fill_slot),
      };
    },
  };
}
