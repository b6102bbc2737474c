import type { Database } from "../db/client.ts";
import { market } from "./market.sql.ts";
import type { Market } from "./market.ts";
import { mint } from "./mint.ts";

export interface MarketStore {
  all(): Promise<readonly Market[]>;
  /** Adds the markets that are not there yet; those that are stay as they are. */
  seed(markets: readonly Market[]): Promise<void>;
}

export const marketStore = (db: Database): MarketStore => ({
  async all() {
    const rows = await db.select().from(market).orderBy(market.symbol);
    return rows.map((row) => ({ ...row, baseMint: mint(row.baseMint), quoteMint: mint(row.quoteMint) }));
  },
  async seed(markets) {
    await db
      .insert(market)
      .values([...markets])
      .onConflictDoNothing();
  },
});
