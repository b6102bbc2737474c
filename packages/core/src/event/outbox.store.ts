/**
 * Reading the outbox.
 *
 * Sequences are given before their statements commit, so a reader that goes on from the last sequence it saw misses what
 * commits late. What must miss nothing asks for what is not marked as delivered. Within one position the two orders are
 * the same: its row is locked until its statement commits.
 */
import { and, asc, gt, inArray, isNull, notInArray, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { parseEvent, type Recorded, type StoredEvent } from "./event.ts";
import { outbox } from "./outbox.sql.ts";

/** A row as it stands in the outbox; whether it is an event is for its reader to see. */
export interface OutboxRow extends Recorded {
  readonly name: string;
  readonly payload: unknown;
}

export interface OutboxStore {
  /** At most `limit` events written after the event `sequence`, oldest first: for looking on. */
  after(sequence: bigint, limit: number): Promise<readonly StoredEvent[]>;
  /** At most `limit` rows that are not delivered yet, none of the positions `except`; those of one position in their order. */
  undelivered(limit: number, except: readonly number[]): Promise<readonly OutboxRow[]>;
  /** The bus has them. */
  markDelivered(sequences: readonly bigint[], at: Date): Promise<void>;
}

const COLUMNS = {
  sequence: outbox.sequence,
  eventId: outbox.eventId,
  name: outbox.name,
  positionId: outbox.positionId,
  positionSequence: outbox.positionSequence,
  payload: outbox.payload,
  at: outbox.at,
};

export const outboxStore = (db: Database): OutboxStore => ({
  async after(sequence, limit) {
    const rows = await db
      .select(COLUMNS)
      .from(outbox)
      .where(gt(outbox.sequence, sequence))
      .orderBy(asc(outbox.sequence))
      .limit(limit);
    return rows.map(parseEvent);
  },

  undelivered: async (limit, except) =>
    db
      .select(COLUMNS)
      .from(outbox)
      .where(and(isNull(outbox.deliveredAt), notInArray(outbox.positionId, [...except])))
      .orderBy(asc(outbox.sequence))
      .limit(limit),

  // Locked in one order: two relays that mark the same rows cannot deadlock.
  async markDelivered(sequences, at) {
    await db.execute(sql`
      with taken as (
        select sequence from outbox
        where ${inArray(outbox.sequence, [...sequences])} and delivered_at is null
        order by sequence
        for update
      )
      update outbox set delivered_at = ${at.toISOString()}::timestamptz from taken
      where outbox.sequence = taken.sequence`);
  },
});
