/** Markets in memory: those that are there stay as they are. */
import type { MarketStore } from "../../src/market/market.store.ts";
import type { MemoryDatabase } from "./database.ts";
import { marketOf } from "./judged.memory.ts";

export const marketsIn = (db: MemoryDatabase): MarketStore => ({
  async all() {
    const rows = [...db.markets.values()].map(marketOf);
    return rows.sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  },

  async seed(markets) {
    db.statement(() => {
      for (const each of markets) if (!db.markets.get(each.symbol)) db.markets.insert({ ...each });
    });
  },
});
