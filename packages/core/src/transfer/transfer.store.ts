/**
 * Transfers in Postgres.
 *
 * Invariants:
 * - one plan at a time per account, under the lock that entries are planned under: what a transfer may take is what no position
 *   holds and no entry has reserved, and what it has reserved no entry is planned with;
 * - every other operation is one statement, conditional on the statuses it judges;
 * - a signature is stored for the message that was signed, while its destination is usable.
 */
import { desc, eq, type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { uniqueViolation } from "../db/error.ts";
import type { Mint } from "../market/mint.ts";
import { committedRows } from "../position/committed.ts";
import { LIVE_POSITIONS } from "../position/position.ts";
import { happened, happenedAlone, numeric, timestamp } from "../trade/judged.ts";
import { DRAFT_LIFE_MS } from "../trade/policy.ts";
import { transferOf } from "./transfer.row.ts";
import { transfer } from "./transfer.sql.ts";
import {
  type Landing,
  TRANSFER_MOVES,
  type Transfer,
  type TransferDraft,
  type TransferFacts,
  UNFINISHED_TRANSFERS,
} from "./transfer.ts";

export interface TransferPlan extends TransferFacts {
  /** What is there of what it takes, less what has to stay, and when that was asked. */
  readonly funds: { readonly balance: bigint; readonly at: Date };
}

export type TransferPlanned =
  | { readonly outcome: "planned" }
  /** Another one of the account is unfinished. */
  | { readonly outcome: "busy" }
  /** More than is free: `free` is below zero when positions hold more than is there. */
  | { readonly outcome: "no_funds"; readonly free: bigint }
  /** Nothing may be sent there: it is not registered, revoked, or not yet a day old. */
  | { readonly outcome: "unusable" }
  /** A live position is in a market of the mint whose account it would close. */
  | { readonly outcome: "in_use" };

export interface TransferStore {
  find(transferId: string): Promise<Transfer | null>;
  /** The one of the account that is not over. */
  unfinished(accountId: string): Promise<Transfer | null>;
  /** Newest first. */
  list(accountId: string, limit: number): Promise<readonly Transfer[]>;
  plan(plan: TransferPlan): Promise<TransferPlanned>;
  /** What of the mint is not the operator's to move: as entries see it, an unfinished transfer's own amount included. */
  committed(accountId: string, mint: Mint, since: Date): Promise<bigint>;
  /** Records what is to be signed. False: it is over or signed, or a young draft may still be signed. */
  draft(transferId: string, draft: TransferDraft): Promise<boolean>;
  /** Stores the signature of the message. False: it is not drafted with it any more, too old, or its destination not usable. */
  sign(transferId: string, message: string, signature: string, at: Date): Promise<boolean>;
  /** Gives up what was never signed. */
  refuse(transferId: string, error: string, at: Date): Promise<boolean>;
  /** What is signed landed, at `finalized`; also what had been taken for dead. */
  finalize(transferId: string, landing: Landing, at: Date): Promise<boolean>;
  /** The same, with an error: it moved nothing but its fee. */
  fail(transferId: string, error: string, landing: Landing, at: Date): Promise<boolean>;
  /** A live transfer is proven unable to land. */
  expire(transferId: string, at: Date): Promise<boolean>;
}

/** It goes to nobody, or where it may go at that moment. */
const usable = (accountId: SQL, destination: SQL, at: Date): SQL => sql`(${destination} is null or exists (
  select from destination d
  where d.account_id = ${accountId} and d.address = ${destination} and d.revoked_at is null and d.usable_at <= ${timestamp(at)}
))`;

const int8 = (value: bigint): SQL => sql`${value.toString()}::bigint`;

export function transferStore(db: Database): TransferStore {
  return {
    async find(transferId) {
      const [row] = await db.select().from(transfer).where(eq(transfer.transferId, transferId));
      return row ? transferOf(row) : null;
    },

    async unfinished(accountId) {
      const [row] = await db
        .select()
        .from(transfer)
        .where(sql`${transfer.accountId} = ${accountId} and ${transfer.status} in ${UNFINISHED_TRANSFERS}`);
      return row ? transferOf(row) : null;
    },

    async list(accountId, limit) {
      const rows = await db
        .select()
        .from(transfer)
        .where(eq(transfer.accountId, accountId))
        .orderBy(desc(transfer.plannedAt), desc(transfer.transferId))
        .limit(limit);
      return rows.map(transferOf);
    },

    plan: (plan) => planTransfer(db, plan),

    async committed(accountId, mint, since) {
      const { rows } = await db.execute<{ committed: string }>(sql`
        select coalesce(sum(amount), 0)::text as committed from (${committedRows(accountId, since)}) as each
        where mint = ${mint}`);
      return BigInt(rows[0]?.committed ?? 0);
    },

    draft: (transferId, { message, blockhash, lastValidBlockHeight, draftedAt }) =>
      happened(
        db,
        sql`
        update transfer set status = ${TRANSFER_MOVES.draft.to}, message = ${message}, blockhash = ${blockhash},
          last_valid_block_height = ${int8(lastValidBlockHeight)}, drafted_at = ${timestamp(draftedAt)}
        where transfer_id = ${transferId} and status in ${TRANSFER_MOVES.draft.from}
          and (drafted_at is null or drafted_at <= ${timestamp(youngFrom(draftedAt))})
        returning transfer_id`,
      ),

    sign: (transferId, message, signature, at) =>
      happenedAlone(
        db,
        sql`
        update transfer f set status = ${TRANSFER_MOVES.sign.to}, signature = ${signature}, signed_at = ${timestamp(at)}
        where f.transfer_id = ${transferId} and f.status in ${TRANSFER_MOVES.sign.from} and f.message = ${message}
          and f.drafted_at > ${timestamp(youngFrom(at))} and ${usable(sql`f.account_id`, sql`f.destination`, at)}
        returning f.transfer_id`,
      ),

    refuse: (transferId, error, at) =>
      happened(
        db,
        sql`
        update transfer set status = ${TRANSFER_MOVES.refuse.to}, error = ${error}, ended_at = ${timestamp(at)}
        where transfer_id = ${transferId} and status in ${TRANSFER_MOVES.refuse.from}
        returning transfer_id`,
      ),

    finalize: (transferId, { feeLamports, lamportsChange, slot }, at) =>
      happened(
        db,
        sql`
        update transfer set status = ${TRANSFER_MOVES.finalize.to}, fee_lamports = ${numeric(feeLamports)},
          lamports_change = ${int8(lamportsChange)}, slot = ${int8(slot)}, ended_at = ${timestamp(at)}
        where transfer_id = ${transferId} and status in ${TRANSFER_MOVES.finalize.from}
        returning transfer_id`,
      ),

    fail: (transferId, error, { feeLamports, lamportsChange, slot }, at) =>
      happened(
        db,
        sql`
        update transfer set status = ${TRANSFER_MOVES.error.to}, error = ${error},
          fee_lamports = ${numeric(feeLamports)}, lamports_change = ${int8(lamportsChange)}, slot = ${int8(slot)}, ended_at = ${timestamp(at)}
        where transfer_id = ${transferId} and status in ${TRANSFER_MOVES.error.from}
        returning transfer_id`,
      ),

    expire: (transferId, at) =>
      happened(
        db,
        sql`
        update transfer set status = ${TRANSFER_MOVES.expire.to}, ended_at = ${timestamp(at)}
        where transfer_id = ${transferId} and status in ${TRANSFER_MOVES.expire.from}
        returning transfer_id`,
      ),
  };
}

/** A draft of before is not signed any more, and may be replaced. */
export const youngFrom = (at: Date): Date => new Date(at.getTime() - DRAFT_LIFE_MS);

type Answer = { free: string; usable: boolean; inUse: boolean; planned: boolean };

async function planTransfer(db: Database, plan: TransferPlan): Promise<TransferPlanned> {
  const { transferId, accountId, kind, mint, amount, destination, funds } = plan;
  const lock = db.execute(sql`select from account where account_id = ${accountId} for no key update`);
  const insert = db.execute<Answer>(sql`
    with judged as (
      select
        ${numeric(funds.balance)} - coalesce((
          select sum(amount) from (${committedRows(accountId, funds.at)}) as committed where mint = ${mint}
        ), 0) as free,
        ${usable(sql`${accountId}::text`, sql`${destination}::text`, plan.plannedAt)} as usable,
        ${kind === "reclaim_rent"}::boolean as closes,
        exists (
          select from position p join market m on m.symbol = p.symbol
          where p.account_id = ${accountId} and p.status in ${LIVE_POSITIONS} and ${mint} in (m.base_mint, m.quote_mint)
        ) as used
    ), planned as (
      insert into transfer (transfer_id, account_id, kind, mint, amount, destination, requested_by, "authorization",
        status, planned_at)
      select ${transferId}, ${accountId}, ${kind}, ${mint}, ${numeric(amount)}, ${destination}, ${plan.requestedBy},
        ${plan.authorization}, 'planned', ${timestamp(plan.plannedAt)}
      from judged where usable and case when closes then not used else free >= ${numeric(amount)} end
      returning transfer_id
    )
    select free::text as free, usable, closes and used as "inUse", exists (select from planned) as planned from judged`);
  try {
    const [, { rows }] = await db.batch([lock, insert]);
    const [row] = rows;
    if (!row) throw new TypeError(`planning ${transferId} was not answered`);
    if (row.planned) return { outcome: "planned" };
    if (!row.usable) return { outcome: "unusable" };
    return row.inUse ? { outcome: "in_use" } : { outcome: "no_funds", free: BigInt(row.free) };
  } catch (error) {
    if (uniqueViolation(error) === "transfer_one_unfinished_per_account") return { outcome: "busy" };
    throw error;
  }
}
