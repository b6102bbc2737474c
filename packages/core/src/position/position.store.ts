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
import type { Amount } from "../money/amount.ts";
import { happened, numeric, timestamp } from "../trade/judged.ts";
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

export interface PositionStore {
  find(accountId: string, positionId: number): Promise<Position | null>;
  /** At most `limit` positions of the account in these statuses, newest first. */
  list(accountId: string, statuses: readonly PositionStatus[], limit: number): Promise<readonly Position[]>;
  /**
   * Plans the exit of `amountIn`, for a person. False: the position is not open, or holds something else than was seen. While
   * only a part is closing, the rest may be told to close as well.
   */
  planClose(plan: ClosePlan): Promise<boolean>;
  /** What live positions of the account hold, and what entries on the way will spend and may have brought, by mint. */
  committed(accountId: string): Promise<ReadonlyMap<string, bigint>>;
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
      happened(
        db,
        sql`
        with touched as (
          update position p
          set status = ${POSITION_MOVES.close.to}, close_reason = 'manual', partial = ${amountIn < seen}::boolean,
            exiting = p.exiting + ${numeric(amountIn)}, event_sequence = p.event_sequence + ${events.length}::int
          where p.account_id = ${accountId} and p.position_id = ${positionId}
            and (p.status = 'open' or (p.status = 'closing' and p.partial and ${amountIn === seen}::boolean))
            and p.entry_out - p.exit_in - p.exiting = ${numeric(seen)}
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

    async committed(accountId) {
      const { rows } = await db.execute<{ mint: string; amount: string }>(sql`
        select mint, sum(amount)::text as amount
        from (
          select case p.side when 'buy' then m.base_mint else m.quote_mint end as mint, p.entry_out - p.exit_in as amount
          from position p join market m on m.symbol = p.symbol
          where p.account_id = ${accountId} and p.status in ('open', 'closing')
          union all
          select t.input_mint, t.amount_in from trade t
          where t.account_id = ${accountId} and t.kind = 'entry' and t.status in ('planned', 'submitted')
          union all
          select t.output_mint, a.quoted_out from trade t join attempt a on a.trade_id = t.trade_id
          where t.account_id = ${accountId} and t.kind = 'entry' and t.status in ('planned', 'submitted')
            and a.status = 'live'
        ) as committed
        group by mint`);
      return new Map(rows.map((row) => [row.mint, BigInt(row.amount)]));
    },
  };
}
