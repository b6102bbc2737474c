/**
 * What `reconcile` is to look at, in Postgres.
 *
 * Invariants: each answer is bounded; of several that look at one trade, one has the next look, by a conditional update.
 */
import { and, desc, eq, gt, inArray, sql } from "drizzle-orm";
import type { Account } from "../account/account.ts";
import type { Database } from "../db/client.ts";
import { required } from "../db/error.ts";
import { type Mint, mint } from "../market/mint.ts";
import { attempt } from "../trade/attempt.sql.ts";
import { happened, timestamp } from "../trade/judged.ts";
import { UNFINISHED_TRADES } from "../trade/trade.ts";

/** An attempt that was proven unable to land. */
export interface Expired {
  readonly attemptId: string;
  readonly tradeId: string;
  readonly signature: string;
  readonly endedAt: Date;
}

export interface Holding {
  readonly account: Account;
  readonly mint: Mint;
}

export interface ReconcileStore {
  /** Unfinished trades planned before `before` with no look ahead of them, oldest first. */
  unlooked(before: Date, now: Date, limit: number): Promise<readonly string[]>;
  /** Takes the look at `at`, if the trade is unfinished and has none ahead of it but before `until`. */
  takeLook(tradeId: string, until: Date, at: Date): Promise<boolean>;
  /** What expired after `since`, latest first, from `before` on; of these trades, or of all. */
  expired(
    since: Date,
    tradeIds: readonly string[] | null,
    before: Expired | null,
    limit: number,
  ): Promise<readonly Expired[]>;
  /** What live positions hold, and what was short when it was looked at last: what was not looked at for longest comes first. */
  holdings(limit: number): Promise<readonly Holding[]>;
}

export const reconcileStore = (db: Database): ReconcileStore => ({
  async unlooked(before, now, limit) {
    const { rows } = await db.execute<{ trade_id: string }>(sql`
      select trade_id from trade
      where status in ${UNFINISHED_TRADES} and planned_at < ${timestamp(before)}
        and (look_at is null or look_at < ${timestamp(now)})
      order by planned_at
      limit ${limit}`);
    return rows.map((row) => row.trade_id);
  },

  takeLook: (tradeId, until, at) =>
    happened(
      db,
      sql`
      update trade set look_at = ${timestamp(at)}
      where trade_id = ${tradeId} and status in ${UNFINISHED_TRADES}
        and (look_at is null or look_at < ${timestamp(until)})
      returning trade_id`,
    ),

  async expired(since, tradeIds, before, limit) {
    const rows = await db
      .select({
        attemptId: attempt.attemptId,
        tradeId: attempt.tradeId,
        signature: attempt.signature,
        endedAt: attempt.endedAt,
      })
      .from(attempt)
      .where(
        and(
          eq(attempt.status, "expired"),
          gt(attempt.endedAt, since),
          tradeIds === null ? undefined : inArray(attempt.tradeId, [...tradeIds]),
          before === null
            ? undefined
            : sql`(${attempt.endedAt}, ${attempt.attemptId}) < (${timestamp(before.endedAt)}, ${before.attemptId})`,
        ),
      )
      .orderBy(desc(attempt.endedAt), desc(attempt.attemptId))
      .limit(limit);
    return rows.map((row) => ({
      ...row,
      signature: required(row.signature, "signature", row.attemptId),
      endedAt: required(row.endedAt, "ended_at", row.attemptId),
    }));
  },

  async holdings(limit) {
    const { rows } = await db.execute<{ account_id: string; wallet: string; mint: string }>(sql`
      select w.account_id, w.wallet, held.mint
      from (
        select p.account_id, case p.side when 'buy' then m.base_mint else m.quote_mint end as mint
        from position p join market m on m.symbol = p.symbol
        where p.status in ('open', 'closing')
        union
        select account_id, mint from shortage where amount > 0 or frozen_at is not null
      ) as held
      join account w on w.account_id = held.account_id
      left join shortage s on s.account_id = held.account_id and s.mint = held.mint
      order by s.seen_at nulls first, held.account_id, held.mint
      limit ${limit}`);
    return rows.map((row) => ({ account: { accountId: row.account_id, wallet: row.wallet }, mint: mint(row.mint) }));
  },
});
