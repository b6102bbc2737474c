// Token accounts that are out of a transaction's reach while it runs, so that the programs themselves refuse it.
//
// Invariant: what was taken is given back whatever the transaction did, so no token is made or lost.

import type { Address } from "@solana/kit";
import { addAmount, decodeTokenAccount } from "./token.ts";
import type { Vm } from "./vm.ts";
import type { AccountKeys } from "./wire-transaction.ts";

/** Which accounts of the transaction that names those keys are drained. */
export type Drain = (keys: AccountKeys) => readonly Address[];

export const drainNothing: Drain = () => [];

/** One base unit stays: programs have another error for what is empty. */
const LEFT = 1n;

export function whileDrained<T>(vm: Vm, addresses: readonly Address[], run: () => T): T {
  const taken = addresses.map((at) => ({ at, amount: amountAt(vm, at) - LEFT }));
  for (const { at, amount } of taken) add(vm, at, -amount);
  try {
    return run();
  } finally {
    for (const { at, amount } of taken) add(vm, at, amount);
  }
}

function amountAt(vm: Vm, at: Address): bigint {
  const account = vm.read(at);
  return account === null ? LEFT : decodeTokenAccount(account.data).amount;
}

function add(vm: Vm, at: Address, amount: bigint): void {
  const account = vm.read(at);
  if (account === null || amount === 0n) return;
  const data = Buffer.from(account.data);
  addAmount(data, amount);
  vm.write(at, { ...account, data });
}
