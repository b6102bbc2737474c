/**
 * Books, sightings and what is written off, in Postgres.
 *
 * Invariants:
 * - what is known of a mint only changes by a look at a later slot: a look that took long changes nothing;
 * - a lot is written off by one statement that names what was seen of it and of its exits, counted under the lock that a
 *   draft has to take as well: nothing is signed for what is written off;
 * - a shortage freezes its mint once, and the look that finds the books equal again lifts it.
 */
import { and, desc, eq, inArray, type SQL, sql } from "drizzle-orm";
import { alias, unionAll } from "drizzle-orm/pg-core";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import { market } from "../market/market.sql.ts";
import type { Mint } from "../market/mint.ts";
import { type Amount, amount } from "../money/amount.ts";
import { positionOf } from "../position/position.row.ts";
import { position } from "../position/position.sql.ts";
import { held, POSITION_MOVES } from "../position/position.ts";
import type { CloseReason } from "../stop/stop.ts";
import { attempt } from "../trade/attempt.sql.ts";
import { UNFINISHED_ATTEMPTS } from "../trade/attempt.ts";
import { holds, moves } from "../trade/exit.store.ts";
import { HELD, happened, numeric, timestamp } from "../trade/judged.ts";
import { TRADE_MOVES, UNFINISHED_TRADES } from "../trade/trade.ts";
import { transfer } from "../transfer/transfer.sql.ts";
import { shortage } from "./shortage.sql.ts";
import type { Books, Part, Sighting } from "./shortage.ts";

/** A look at the wallet that says how it compares with the books. */
export interface Look {
  readonly accountId: string;
  readonly mint: Mint;
  readonly slot: bigint;
  readonly at: Date;
}

export interface Freeze extends Look {
  /** The sighting that was judged. */
  readonly sighting: Sighting;
  /** The position that is told of it. */
  readonly positionId: number;
  readonly events: readonly NewEvent[];
}

export interface WriteOff extends Part {
  readonly accountId: string;
  readonly mint: Mint;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface ShortageStore {
  books(accountId: string, mint: Mint): Promise<Books>;
  /** Null: it was never looked at. */
  sighting(accountId: string, mint: Mint): Promise<Sighting | null>;
  /** The wallet is not short: what was seen and frozen is over. */
  agree(look: Look): Promise<boolean>;
  /** The wallet is short by this much. */
  sight(look: Look, amount: Amount): Promise<boolean>;
  /** No entry in the mint is planned any more. False: it is so already, or something else was seen since. */
  freeze(freeze: Freeze): Promise<boolean>;
  /** Takes what is gone off one lot, and off what was seen; closes the lot if that is all. False: it is not as it was seen. */
  writeOff(writeOff: WriteOff): Promise<boolean>;
  /** Those of the signatures that are our own attempts' or transfers'. */
  own(signatures: readonly string[]): Promise<ReadonlySet<string>>;
}

const REASON: CloseReason = "closed_externally";

export const shortageStore = (db: Database): ShortageStore => ({
  async books(accountId, mint) {
    const p = alias(position, "p");
    const m = alias(market, "m");
    const rows = await db
      .select({
        position: p,
        entryTradeId: sql<string>`(select t.trade_id from trade t where t.position_id = p.position_id and t.kind = 'entry')`,
        exits: sql<string>`(select ${counted(sql`t`)} from trade t
          where t.position_id = p.position_id and t.kind = 'exit' and t.status in ${UNFINISHED_TRADES})`,
        unfinished: sql<boolean>`exists (select from attempt a join trade t on t.trade_id = a.trade_id
          where t.account_id = ${accountId} and ${moves(mint)} and a.status in ${UNFINISHED_ATTEMPTS})`,
        firstFillSlot: fillSlot(sql`min(a.slot)`, accountId, mint),
        lastFillSlot: fillSlot(sql`max(a.slot)`, accountId, mint),
      })
      .from(p)
      .innerJoin(m, eq(m.symbol, p.symbol))
      .where(and(eq(p.accountId, accountId), inArray(p.status, ["open", "closing"]), holds(mint)))
      .orderBy(desc(p.positionId));
    const lots = rows.flatMap(({ position: row, entryTradeId, exits }) => {
      const each = positionOf(row);
      if (each.status !== "open" && each.status !== "closing") return [];
      return [{ position: each, entryTradeId, exits }];
    });
    const [first] = rows;
    return {
      lots,
      unfinished: first?.unfinished ?? false,
      firstFillSlot: BigInt(first?.firstFillSlot ?? 0),
      lastFillSlot: BigInt(first?.lastFillSlot ?? 0),
    };
  },

  async sighting(accountId, mint) {
    const [row] = await db
      .select()
      .from(shortage)
      .where(and(eq(shortage.accountId, accountId), eq(shortage.mint, mint)));
    if (!row) return null;
    const { slot, agreedSlot, frozenAt } = row;
    return { amount: amount(row.amount), slot, agreedSlot, writtenOff: amount(row.writtenOff), frozenAt };
  },

  agree: ({ accountId, mint, slot, at }) =>
    happened(
      db,
      sql`
      insert into shortage (account_id, mint, amount, slot, agreed_slot, seen_at)
      values (${accountId}, ${mint}, 0, ${height(slot)}, ${height(slot)}, ${timestamp(at)})
      on conflict (account_id, mint) do update set amount = 0, slot = excluded.slot, agreed_slot = excluded.agreed_slot,
        written_off = 0, frozen_at = null, seen_at = excluded.seen_at
      where shortage.slot < excluded.slot
      returning account_id`,
    ),

  sight: ({ accountId, mint, slot, at }, short) =>
    happened(
      db,
      sql`
      insert into shortage (account_id, mint, amount, slot, seen_at)
      values (${accountId}, ${mint}, ${numeric(short)}, ${height(slot)}, ${timestamp(at)})
      on conflict (account_id, mint) do update set amount = excluded.amount, slot = excluded.slot, seen_at = excluded.seen_at
      where shortage.slot < excluded.slot
      returning account_id`,
    ),

  freeze: ({ accountId, mint, at, sighting, positionId, events }) =>
    happened(
      db,
      sql`
      with judged as (
        select p.position_id
        from position p, shortage s
        where p.position_id = ${positionId} and s.account_id = ${accountId} and s.mint = ${mint}
          and s.amount = ${numeric(sighting.amount)} and s.slot = ${height(sighting.slot)} and s.frozen_at is null
        for update of p, s
      ), frozen as (
        update shortage set frozen_at = ${timestamp(at)} from judged where account_id = ${accountId} and mint = ${mint}
      ), touched as (
        update position p set event_sequence = p.event_sequence + ${events.length}::int
        from judged where p.position_id = judged.position_id
        returning p.position_id, p.event_sequence
      ), ${tell(events, at)}
      select position_id from judged`,
    ),

  writeOff: ({ accountId, mint, lot, amount: gone, events, at }) => {
    const seen = lot.position;
    const closes = sql`${gone === held(seen.totals)}::boolean`;
    return happened(
      db,
      sql`
      with judged as (
        select p.position_id from position p
        where p.position_id = ${seen.positionId} and p.status = ${seen.status} and p.exiting = ${numeric(seen.exiting)}
          and ${HELD} = ${numeric(held(seen.totals))}
        for update of p
      ), exits as (
        select t.trade_id, t.attempts from trade t join judged on judged.position_id = t.position_id
        where t.kind = 'exit' and t.status in ${UNFINISHED_TRADES}
        for update of t
      ), agreed as (
        select position_id from judged where (select ${counted(sql`exits`)} from exits) = ${lot.exits}
      ), superseded as (
        update trade set status = ${TRADE_MOVES.supersede.to}, ended_at = ${timestamp(at)}
        from agreed, exits
        where trade.trade_id = exits.trade_id and trade.status in ${TRADE_MOVES.supersede.from} and ${closes}
      ), explained as (
        update shortage set written_off = written_off + ${numeric(gone)}, amount = greatest(amount - ${numeric(gone)}, 0)
        from agreed where account_id = ${accountId} and mint = ${mint}
      ), touched as (
        update position p set missing = p.missing + ${numeric(gone)},
          status = case when ${closes} then ${POSITION_MOVES.finish.to} else p.status end,
          close_reason = case when ${closes} then ${REASON} else p.close_reason end,
          exiting = case when ${closes} then 0 else p.exiting end,
          closed_at = case when ${closes} then ${timestamp(at)} else p.closed_at end,
          event_sequence = p.event_sequence + ${events.length}::int
        from agreed where p.position_id = agreed.position_id
        returning p.position_id, p.event_sequence
      ), ${tell(events, at)}
      select position_id from agreed`,
    );
  },

  async own(signatures) {
    if (signatures.length === 0) return new Set();
    const rows = await unionAll(
      db
        .select({ signature: attempt.signature })
        .from(attempt)
        .where(inArray(attempt.signature, [...signatures])),
      db
        .select({ signature: transfer.signature })
        .from(transfer)
        .where(inArray(transfer.signature, [...signatures])),
    );
    return new Set(rows.flatMap((row) => row.signature ?? []));
  },
});

/** The first or the last slot in which something of the account has landed that moves the mint. */
const fillSlot = (which: SQL, accountId: string, mint: Mint): SQL<string | null> => sql<string | null>`
  (select ${which}::text from attempt a join trade t on t.trade_id = a.trade_id
    where t.account_id = ${accountId} and ${moves(mint)})`;

const height = (slot: bigint): SQL => sql`${slot.toString()}::bigint`;

/** Trades with the number of their attempts, as one text that can be compared. */
const counted = (trades: SQL): SQL =>
  sql`coalesce(string_agg(${trades}.trade_id || '.' || ${trades}.attempts, ' ' order by ${trades}.trade_id), '')`;
