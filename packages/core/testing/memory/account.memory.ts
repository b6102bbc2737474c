/** Accounts in memory: one that is there stays as it is, and a wallet belongs to one account. */
import type { AccountStore } from "../../src/account/account.store.ts";
import { dayOf } from "../../src/account/account.ts";
import { amount, ZERO } from "../../src/money/amount.ts";
import type { MemoryDatabase } from "./database.ts";

export const accountsIn = (db: MemoryDatabase): AccountStore => ({
  async find(accountId) {
    const row = db.accounts.get(accountId);
    return row ? { accountId, wallet: row.wallet } : null;
  },

  async dailyUse(accountId, at) {
    const row = db.accounts.get(accountId);
    return row?.dailyUseOn === dayOf(at) ? amount(row.dailyUse) : ZERO;
  },

  async add({ accountId, wallet }, at) {
    if (db.accounts.get(accountId)) return;
    db.statement(() => db.accounts.insert({ accountId, wallet, createdAt: at, dailyUse: 0n, dailyUseOn: null }));
  },
});
