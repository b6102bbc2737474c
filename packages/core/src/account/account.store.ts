import { eq } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { account } from "./account.sql.ts";
import { type Amount, amount, ZERO } from "../money/amount.ts";
import { type Account, dayOf } from "./account.ts";

export interface AccountStore {
  find(accountId: string): Promise<Account | null>;
  /** What the entries of the UTC day have come to so far, in millionths of the quote currency. */
  dailyUse(accountId: string, at: Date): Promise<Amount>;
  /** Adds the account unless it is there. @throws when the wallet belongs to another account. */
  add(account: Account, at: Date): Promise<void>;
}

export const accountStore = (db: Database): AccountStore => ({
  async find(accountId) {
    const [row] = await db
      .select({ accountId: account.accountId, wallet: account.wallet })
      .from(account)
      .where(eq(account.accountId, accountId));
    return row ?? null;
  },
  async dailyUse(accountId, at) {
    const [row] = await db
      .select({ used: account.dailyUse, on: account.dailyUseOn })
      .from(account)
      .where(eq(account.accountId, accountId));
    return row?.on === dayOf(at) ? amount(row.used) : ZERO;
  },
  async add({ accountId, wallet }, at) {
    await db
      .insert(account)
      .values({ accountId, wallet, createdAt: at })
      .onConflictDoNothing({ target: account.accountId });
  },
});
