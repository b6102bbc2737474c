// A transaction in a block, with everything a node tells about it afterwards.
//
// Invariants: it is in a block if and only if it paid its fee; the fee is what its accounts lost
// together, because lamports are conserved otherwise.

import type { Address } from "@solana/kit";
import type { Accounts } from "./accounts.ts";
import { type Drain, whileDrained } from "./drain.ts";
import { type TokenBalance, tokenBalances } from "./token-balance.ts";
import type { TransactionError } from "./transaction-error.ts";
import type { Account, Execution, Vm } from "./vm.ts";
import { type AccountKeys, resolveAccountKeys, type WireTransaction, writableKeys } from "./wire-transaction.ts";

/** Its message is in the bytes: decoded and kept for every block, messages would be most of the memory. */
export interface LandedTransaction {
  readonly signature: string;
  readonly bytes: Uint8Array;
  readonly keys: AccountKeys;
  readonly error: TransactionError | null;
  readonly feeLamports: bigint;
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokenBalances: readonly TokenBalance[];
  readonly postTokenBalances: readonly TokenBalance[];
  readonly logs: readonly string[];
  readonly unitsConsumed: bigint;
  readonly innerInstructions: readonly InnerInstructions[];
}

export interface InnerInstructions {
  /** Which of the message's instructions made the calls. */
  readonly index: number;
  readonly instructions: readonly {
    readonly programIdIndex: number;
    readonly accounts: readonly number[];
    readonly data: Uint8Array;
    readonly stackHeight: number;
  }[];
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

function innerInstructions(meta: Execution["meta"]): InnerInstructions[] {
  const calls = (meta?.innerInstructions() ?? []).map((instructions, index) => ({
    index,
    instructions: instructions.map((inner) => ({
      programIdIndex: inner.instruction().programIdIndex(),
      accounts: [...inner.instruction().accounts()],
      data: inner.instruction().data(),
      stackHeight: inner.stackHeight(),
    })),
  }));
  return calls.filter(({ instructions }) => instructions.length > 0);
}

/**
 * Executes in the block being built, while what `drain` names is drained. Undefined when no block can hold the
 * transaction: it is just gone.
 */
export function land(
  vm: Vm,
  accounts: Accounts,
  transaction: WireTransaction,
  drain: Drain,
): LandedTransaction | undefined {
  const keys = resolveAccountKeys(transaction.message, (at) => vm.read(at));
  if ("error" in keys) return undefined;
  const writable = new Set(writableKeys(transaction.message, keys));
  for (const at of writable) accounts.remember(at);
  // An account is read once where it cannot change in between: reading is what a block costs most.
  const read = memoized((at) => vm.read(at));
  const before = balances(keys, read);
  const { error, meta } = whileDrained(vm, drain(keys), () => vm.execute(transaction));
  const after = balances(
    keys,
    memoized((at) => (writable.has(at) ? vm.read(at) : read(at))),
  );
  const feeLamports = sum(before.lamports) - sum(after.lamports);
  if (feeLamports === 0n) return undefined;
  return {
    signature: transaction.signature,
    bytes: transaction.bytes,
    keys,
    error,
    feeLamports,
    preBalances: before.lamports,
    postBalances: after.lamports,
    preTokenBalances: before.tokens,
    postTokenBalances: after.tokens,
    logs: meta?.logs() ?? [],
    unitsConsumed: meta?.computeUnitsConsumed() ?? 0n,
    innerInstructions: innerInstructions(meta),
  };
}

type Read = (at: Address) => Account | null;

function memoized(read: Read): Read {
  const known = new Map<Address, Account | null>();
  return (at) => {
    const account = known.get(at);
    if (account !== undefined) return account;
    const found = read(at);
    known.set(at, found);
    return found;
  };
}

function balances(keys: AccountKeys, read: Read) {
  const accounts = keys.all.map(read);
  return { lamports: accounts.map((account) => account?.lamports ?? 0n), tokens: tokenBalances({ read }, accounts) };
}
