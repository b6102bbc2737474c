import { asc, gt } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { StoredEvent } from "./event.ts";
import { outbox } from "./outbox.sql.ts";

export interface OutboxStore {
  /**
   * At most `limit` events written after the event `sequence`, oldest first. For looking on: statements may commit in another
   * order than their sequences were given, so whoever must miss nothing cannot rely on it.
   */
  after(sequence: bigint, limit: number): Promise<readonly StoredEvent[]>;
}

export const outboxStore = (db: Database): OutboxStore => ({
  async after(sequence, limit) {
    const rows = await db
      .select()
      .from(outbox)
      .where(gt(outbox.sequence, sequence))
      .orderBy(asc(outbox.sequence))
      .limit(limit);
    return rows as StoredEvent[];
  },
});
