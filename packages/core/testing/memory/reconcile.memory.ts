/** What `reconcile` is to look at, in memory. Invariant: the order is total, also where SQL leaves it open. */
import { required } from "../../src/db/error.ts";
import { mint } from "../../src/market/mint.ts";
import type { Expired, ReconcileStore } from "../../src/reconcile/reconcile.store.ts";
import { UNFINISHED_TRADES } from "../../src/trade/trade.ts";
import { ALL, type AttemptRow, joined, type MemoryDatabase, within } from "./database.ts";
import { holds } from "./judged.memory.ts";

export const looksIn = (db: MemoryDatabase): ReconcileStore => ({
  async unlooked(before, now, limit) {
    const found: string[] = [];
    for (const { tradeId, plannedAt, lookAt } of db.trades.ascending("unfinished", ALL)) {
      if (found.length === limit || plannedAt >= before) break;
      if (lookAt === null || lookAt < now) found.push(tradeId);
    }
    return found;
  },

  async takeLook(tradeId, until, at) {
    const row = db.trades.get(tradeId);
    if (!row || !within(UNFINISHED_TRADES, row.status) || (row.lookAt && row.lookAt >= until)) return false;
    db.statement(() => db.trades.update(tradeId, { lookAt: at }));
    return true;
  },

  async expired(since, tradeIds, before, limit) {
    const place = before ? { value: before.endedAt.getTime(), key: before.attemptId } : undefined;
    const asked = tradeIds && new Set(tradeIds);
    const found: Expired[] = [];
    for (const row of db.attempts.descending("expired", ALL, place)) {
      const each = expiredOf(row);
      if (found.length === limit || each.endedAt <= since) break;
      if (!asked || asked.has(each.tradeId)) found.push(each);
    }
    return found;
  },

  async holdings(limit) {
    const held = new Map<string, { readonly accountId: string; readonly mint: string }>();
    const add = (accountId: string, of: string) => held.set(joined(accountId, of), { accountId, mint: of });
    for (const status of ["open", "closing"])
      for (const position of db.positions.ascending("live", status)) add(position.accountId, holds(db, position));
    for (const row of db.shortages.values()) if (row.amount > 0n || row.frozenAt) add(row.accountId, row.mint);
    // Never looked at comes first.
    const looked = ([key]: [string, unknown]) => db.shortages.get(key)?.seenAt.getTime() ?? Number.NEGATIVE_INFINITY;
    return [...held]
      .sort((a, b) => looked(a) - looked(b) || (a[0] < b[0] ? -1 : 1))
      .slice(0, limit)
      .map(([, { accountId, mint: of }]) => ({
        account: { accountId, wallet: db.accounts.named(accountId).wallet },
        mint: mint(of),
      }));
  },
});

const expiredOf = ({ attemptId, tradeId, signature, endedAt }: AttemptRow): Expired => ({
  attemptId,
  tradeId,
  signature: required(signature, "signature", attemptId),
  endedAt: required(endedAt, "ended_at", attemptId),
});
