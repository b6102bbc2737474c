import { pgTable, smallint, text } from "drizzle-orm/pg-core";

export const market = pgTable("market", {
  symbol: text().primaryKey(),
  baseMint: text().notNull(),
  quoteMint: text().notNull(),
  baseDecimals: smallint().notNull(),
  quoteDecimals: smallint().notNull(),
});
