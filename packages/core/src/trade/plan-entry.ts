/**
 * Planning an entry in Postgres: under a seat, and with funds that nobody else has.
 *
 * Invariants:
 * - one plan at a time per account: its row is locked by a statement of its own, so that the one after it sees what the last
 *   plan has taken; sums over rows do not race under that lock;
 * - one seat per live position and one trade per idempotency key are unique indexes: code that is wrong collides.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { uniqueViolation } from "../db/error.ts";
import { committedRows } from "../position/committed.ts";
import { LIVE_POSITIONS } from "../position/position.ts";
import { numeric, timestamp } from "./judged.ts";
import type { EntryPlan, Planned } from "./trade.store.ts";

type Answer = { frozen: string | null; free: string; planned: boolean };

export async function planEntry(db: Database, plan: EntryPlan): Promise<Planned> {
  const { accountId, funds, amountIn } = plan;
  const lock = db.execute(sql`select from account where account_id = ${accountId} for no key update`);
  const insert = db.execute<Answer>(sql`
    with judged as (
      select
        (select mint from shortage where account_id = ${accountId} and frozen_at is not null
          and mint in (${plan.inputMint}, ${plan.outputMint}) limit 1) as frozen,
        ${numeric(funds.balance)} - coalesce((
          select sum(amount) from (${committedRows(accountId, funds.at)}) as committed where mint = ${plan.inputMint}
        ), 0) as free
    ), seat as (
      select place from generate_series(1, ${plan.maxPositionsPerSymbol}::int) as place, judged
      where frozen is null and free >= ${numeric(amountIn)} and not exists (
        select from position
        where account_id = ${accountId} and symbol = ${plan.symbol}
          and seat = place and status in ${LIVE_POSITIONS}
      )
      order by place limit 1
    ), opened as (
      insert into position (account_id, symbol, side, status, seat, size, stop, created_at)
      select ${accountId}, ${plan.symbol}, ${plan.side}, 'opening', place, ${numeric(plan.size)},
        ${plan.stop === null ? null : JSON.stringify(plan.stop)}::jsonb, ${timestamp(plan.at)}
      from seat
      returning position_id
    ), planned as (
      insert into trade (trade_id, account_id, position_id, symbol, kind, side, status, input_mint, output_mint,
        amount_in, minimum_out, idempotency_key, request_digest, planned_at)
      select ${plan.tradeId}, ${accountId}, position_id, ${plan.symbol}, 'entry', ${plan.side}, 'planned',
        ${plan.inputMint}, ${plan.outputMint}, ${numeric(amountIn)}, ${numeric(plan.minimumOut)},
        ${plan.idempotencyKey}, ${plan.requestDigest}, ${timestamp(plan.at)}
      from opened
      returning trade_id
    )
    select frozen, free::text as free, exists (select from planned) as planned from judged`);
  try {
    const [, { rows }] = await db.batch([lock, insert]);
    const [row] = rows;
    if (!row) throw new TypeError(`planning ${plan.tradeId} was not answered`);
    if (row.planned) return { outcome: "planned" };
    if (row.frozen !== null) return { outcome: "frozen", mint: row.frozen };
    const free = BigInt(row.free);
    return free < amountIn ? { outcome: "no_funds", free } : { outcome: "no_seat" };
  } catch (error) {
    const index = uniqueViolation(error);
    if (index === "trade_idempotency_key") return { outcome: "key_taken" };
    throw error;
  }
}
