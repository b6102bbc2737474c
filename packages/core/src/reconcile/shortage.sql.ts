import { sql } from "drizzle-orm";
import { bigint, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { account } from "../account/account.sql.ts";
import { amount, instant, neverNegative } from "../db/columns.ts";

/** How far each wallet was below its books when it was last looked at, by mint. */
export const shortage = pgTable(
  "shortage",
  {
    accountId: text()
      .notNull()
      .references(() => account.accountId),
    mint: text().notNull(),
    /** Zero: it was not, or that much has been written off. */
    amount: amount().notNull(),
    /** What the wallet was asked at, or a later one: it only grows, so that a look that took long changes nothing. */
    slot: bigint({ mode: "bigint" }).notNull(),
    seenAt: instant().notNull(),
    /** The last slot at which it was not short, and what has been written off since: no outflow explains two shortages. */
    agreedSlot: bigint({ mode: "bigint" }),
    writtenOff: amount().notNull().default(sql`0`),
    /** Since when nothing explains it, and no entry in the mint is planned; null: it is not so. */
    frozenAt: instant(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.mint] }),
    neverNegative("shortage_amounts", table.amount, table.writtenOff),
  ],
);
