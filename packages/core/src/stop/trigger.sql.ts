import { doublePrecision, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { instant } from "../db/columns.ts";
import { position } from "../position/position.sql.ts";
import type { CloseReason } from "./stop.ts";

/** The recorded moment a rule was hit, with the prices it was judged by. */
export const trigger = pgTable(
  "trigger",
  {
    positionId: integer()
      .notNull()
      .references(() => position.positionId),
    /** The version of the rule that was judged. */
    version: integer().notNull(),
    reason: text().$type<CloseReason>().notNull(),
    acceptedPrice: doublePrecision().notNull(),
    stopPrice: doublePrecision().notNull(),
    highWaterMark: doublePrecision().notNull(),
    triggeredAt: instant().notNull(),
  },
  (table) => [primaryKey({ columns: [table.positionId, table.version] })],
);
