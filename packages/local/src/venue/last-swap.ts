// The last price somebody traded at: read from the blocks, so that a fork takes it back too.

import type { PublicKey } from "@solana/web3.js";
import type { Chain } from "../chain/chain.ts";
import type { LandedTransaction } from "../chain/landed-transaction.ts";
import type { TokenBalance } from "../chain/token-balance.ts";
import { addressOf } from "../chain/wire-transaction.ts";
import type { Pool } from "./pool.ts";
import { priceOf } from "./ratio.ts";

export interface LastSwap {
  readonly slot: number;
  /** Quote per base, from what the vaults really gained and lost, fee included. */
  readonly price: number;
}

function vaultChange(transaction: LandedTransaction, vault: PublicKey): bigint {
  const at = transaction.keys.all.indexOf(addressOf(vault));
  const amount = (balances: readonly TokenBalance[]): bigint =>
    balances.find(({ accountIndex }) => accountIndex === at)?.amount ?? 0n;
  return amount(transaction.postTokenBalances) - amount(transaction.preTokenBalances);
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

export function lastSwap(chain: Chain, pool: Pool): LastSwap | undefined {
  for (const { slot, transactions } of chain.ledger.backwards()) {
    for (const transaction of transactions.toReversed()) {
      const base = vaultChange(transaction, pool.vaultA);
      const quote = vaultChange(transaction, pool.vaultB);
      if (base === 0n || quote === 0n) continue;
      return { slot, price: priceOf(magnitude(quote), magnitude(base), pool.base, pool.quote) };
    }
  }
  return undefined;
}
