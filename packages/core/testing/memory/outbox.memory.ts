/** Reading the outbox in memory. Invariant: what is delivered once stays delivered as of then. */
import { parseEvent } from "../../src/event/event.ts";
import type { OutboxRow, OutboxStore } from "../../src/event/outbox.store.ts";
import { ALL, type MemoryDatabase, type OutboxEntry } from "./database.ts";

export const outboxIn = (db: MemoryDatabase): OutboxStore => ({
  async after(sequence, limit) {
    const place = { value: sequence, key: sequence };
    return Array.from(db.outbox.ascending("written", ALL, place).take(limit), (row) => parseEvent(read(row)));
  },

  async undelivered(limit, except) {
    const left = new Set(except);
    const rows = db.outbox.ascending("undelivered", ALL).filter((row) => !left.has(row.positionId));
    return Array.from(rows.take(limit), read);
  },

  async markDelivered(sequences, at) {
    db.statement(() => {
      for (const sequence of sequences)
        if (db.outbox.get(sequence)?.deliveredAt === null) db.outbox.update(sequence, { deliveredAt: at });
    });
  },
});

const read = ({ deliveredAt: _, ...row }: OutboxEntry): OutboxRow => row;
