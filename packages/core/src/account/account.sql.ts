import { sql } from "drizzle-orm";
import { pgTable, text } from "drizzle-orm/pg-core";
import { amount, instant } from "../db/columns.ts";

export const account = pgTable("account", {
  accountId: text().primaryKey(),
  wallet: text().notNull().unique(),
  createdAt: instant().notNull(),
  /** What entries of one UTC day came to when they were signed, in millionths of the quote currency; and which day it was. */
  dailyUse: amount().notNull().default(sql`0`),
  dailyUseOn: text(),
});
