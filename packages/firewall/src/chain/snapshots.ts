/**
 * A chain at two moments: before a transaction, and after it. The node that the firewall asks is made of it.
 *
 * Invariant: what a trial says does not depend on the message, so that a rule about the message stands alone.
 */
import { HEAD_BYTES } from "@backstop/core/solana/firewall/effects";
import type { ChainAccount, FirewallNode } from "@backstop/core/solana/firewall/node";

export type AccountMap = ReadonlyMap<string, ChainAccount>;

export interface Snapshots {
  /** Address of a lookup table → the addresses in it. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  readonly before: AccountMap;
  /** What the transaction leaves of the accounts that are ours. */
  readonly after: AccountMap;
}

const SLOT = 300_000_000n;

export function nodeOver({ tables, before, after }: Snapshots): FirewallNode {
  const head = (account: ChainAccount | undefined): ChainAccount | null =>
    account ? { ...account, data: account.data.subarray(0, HEAD_BYTES) } : null;
  return {
    tables: async () => tables,
    accounts: async (addresses) => ({ slot: SLOT, accounts: addresses.map((address) => head(before.get(address))) }),
    simulate: async (_message, addresses) => ({
      slot: SLOT,
      error: null,
      logs: [],
      accounts: addresses.map((address) => after.get(address) ?? null),
    }),
  };
}

/** The same, with some accounts otherwise; null: not there. */
export function withAccounts(accounts: AccountMap, changes: Readonly<Record<string, ChainAccount | null>>): AccountMap {
  const changed = new Map(accounts);
  for (const [address, account] of Object.entries(changes)) {
    if (account) changed.set(address, account);
    else changed.delete(address);
  }
  return changed;
}
