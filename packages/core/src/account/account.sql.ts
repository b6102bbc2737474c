import { pgTable, text } from "drizzle-orm/pg-core";
import { instant } from "../db/columns.ts";

export const account = pgTable("account", {
  accountId: text().primaryKey(),
  wallet: text().notNull().unique(),
  createdAt: instant().notNull(),
});
