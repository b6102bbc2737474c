import { sql } from "drizzle-orm";
import { check, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { account } from "../account/account.sql.ts";
import { instant } from "../db/columns.ts";

/** Rows stay: an address that is registered again after it was revoked has another one. */
export const destination = pgTable(
  "destination",
  {
    accountId: text()
      .notNull()
      .references(() => account.accountId),
    address: text().notNull(),
    label: text().notNull(),
    registeredBy: text().notNull(),
    registeredAt: instant().notNull(),
    usableAt: instant().notNull(),
    authorization: text().notNull(),
    revokedBy: text(),
    revokedAt: instant(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.address, table.registeredAt] }),
    uniqueIndex("destination_one_unrevoked").on(table.accountId, table.address).where(sql`${table.revokedAt} is null`),
    // The database holds the delay as well, whatever the code believes.
    check("destination_delay", sql`${table.usableAt} >= ${table.registeredAt} + interval '24 hours'`),
    check("destination_revoked", sql`(${table.revokedAt} is null) = (${table.revokedBy} is null)`),
  ],
);
