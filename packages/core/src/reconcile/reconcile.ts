/**
 * Looking whether things are as they should be: what is stuck, what landed late, ledger against chain, book against ledger. It
 * reads first, and changes only what it has proof for.
 *
 * Invariant: whatever fails keeps nobody from the rest; what a message was for and failed is delivered again.
 */
import type { WakeRelay } from "../event/wake.ts";
import type { TradeRecord, TradeStore } from "../trade/trade.store.ts";
import { UNFINISHED_TRADES } from "../trade/trade.ts";
import { type BookDeps, rewriteBook } from "./book.ts";
import { type ExpiredDeps, recheckExpired } from "./expired.ts";
import { checkHolding, checkHoldings, type HoldingsDeps } from "./holdings.ts";
import type { Holding, ReconcileStore } from "./reconcile.store.ts";
import { driveAgain, driveStuck, type StuckDeps } from "./stuck.ts";

export interface ReconcileDeps extends StuckDeps, ExpiredDeps, HoldingsDeps, BookDeps {
  readonly looks: ReconcileStore;
  readonly trades: Pick<TradeStore, "find" | "findMany" | "findExit">;
  readonly rpc: ExpiredDeps["rpc"] & HoldingsDeps["rpc"];
  readonly wakeRelay: WakeRelay;
}

/** Looks at these trades, and at what their wallets hold of what they moved; answers with those that have to be looked at again. */
export async function reconcileTrades(deps: ReconcileDeps, tradeIds: readonly string[]): Promise<readonly string[]> {
  const records = await deps.trades.findMany([...new Set(tradeIds)]);
  const failed = new Set<string>();
  const named = async (ids: readonly string[], what: string, work: () => Promise<void>) => {
    if (!(await done(deps, what, work))) for (const tradeId of ids) failed.add(tradeId);
  };
  const idsOf = (some: readonly TradeRecord[]) => some.map(({ trade }) => trade.tradeId);
  for (const tradeId of idsOf(records.filter(isUnfinished))) {
    await named([tradeId], "trade_not_driven", () => driveAgain(deps, tradeId));
  }
  const all = idsOf(records);
  if (all.length > 0) await named(all, "expired_not_rechecked", () => recheckExpired(deps, all));
  for (const holding of holdingsOf(records)) {
    const movers = records.filter((record) => moves(record, holding));
    await named(idsOf(movers), "holding_not_checked", () => checkHolding(deps, holding));
  }
  if (all.length > 0) await deps.wakeRelay();
  return [...failed];
}

/** Looks at everything. */
export async function reconcileAll(deps: ReconcileDeps): Promise<void> {
  await done(deps, "stuck_not_driven", () => driveStuck(deps));
  await done(deps, "expired_not_rechecked", () => recheckExpired(deps, null));
  await done(deps, "holdings_not_checked", () => checkHoldings(deps));
  await done(deps, "book_not_rewritten", () => rewriteBook(deps));
  await deps.wakeRelay();
}

async function done({ log }: ReconcileDeps, what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    log.error(what, error);
    return false;
  }
}

const isUnfinished = ({ trade }: TradeRecord): boolean => UNFINISHED_TRADES.some((status) => status === trade.status);

/** What these trades spent and brought, each mint of an account once. */
function holdingsOf(records: readonly TradeRecord[]): readonly Holding[] {
  const holdings = records.flatMap(({ trade: { accountId, inputMint, outputMint }, wallet }) =>
    [inputMint, outputMint].map((mint): Holding => ({ account: { accountId, wallet }, mint })),
  );
  return [...new Map(holdings.map((each) => [`${each.account.accountId} ${each.mint}`, each])).values()];
}

const moves = ({ trade }: TradeRecord, { account, mint }: Holding): boolean =>
  trade.accountId === account.accountId && (trade.inputMint === mint || trade.outputMint === mint);
