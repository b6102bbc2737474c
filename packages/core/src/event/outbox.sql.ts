import { sql } from "drizzle-orm";
import { bigint, index, integer, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { instant } from "../db/columns.ts";
import { position } from "../position/position.sql.ts";
import type { EventName } from "./event.ts";

export const outbox = pgTable(
  "outbox",
  {
    sequence: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    eventId: text().notNull().unique(),
    name: text().$type<EventName>().notNull(),
    positionId: integer()
      .notNull()
      .references(() => position.positionId),
    positionSequence: integer().notNull(),
    payload: jsonb().notNull(),
    at: instant().notNull(),
    /** When the bus was known to have it; null: not yet. */
    deliveredAt: instant(),
  },
  (table) => [
    uniqueIndex("outbox_position_sequence").on(table.positionId, table.positionSequence),
    // As small as what is left to deliver, however much there was.
    index("outbox_undelivered").on(table.sequence).where(sql`${table.deliveredAt} is null`),
  ],
);
