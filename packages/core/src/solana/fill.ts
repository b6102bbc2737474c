/**
 * What a landed transaction moved: integers from the chain's own balances, by owner and mint.
 *
 * Invariants: a balance that has no entry before is a new account, and one without an entry after is a closed one: both
 * are zero, never unknown; a transaction that failed on chain has no fill.
 */
import { type Mint, WRAPPED_SOL } from "../market/mint.ts";
import { amount } from "../money/amount.ts";
import type { Fill } from "../trade/attempt.ts";

interface TokenBalance {
  /** The place of its account among `accounts`. */
  readonly index: number;
  readonly mint: string;
  readonly owner: string;
  readonly amount: bigint;
}

/** A transaction as the chain tells it; accounts are static keys first, then those loaded from lookup tables. */
export interface LandedTransaction {
  readonly slot: bigint;
  readonly error: string | null;
  readonly feeLamports: bigint;
  readonly accounts: readonly string[];
  readonly preLamports: readonly bigint[];
  readonly postLamports: readonly bigint[];
  readonly preTokens: readonly TokenBalance[];
  readonly postTokens: readonly TokenBalance[];
}

/** @throws RangeError when the wallet gained what it should have spent, or lost what it should have received. */
export function fillOf(transaction: LandedTransaction, wallet: string, inputMint: Mint, outputMint: Mint): Fill {
  if (transaction.error !== null) throw new TypeError(`a failed transaction has no fill: ${transaction.error}`);
  const held = (balances: readonly TokenBalance[], mint: Mint) =>
    balances
      .filter((balance) => balance.owner === wallet && balance.mint === mint)
      .reduce((sum, balance) => sum + balance.amount, 0n);
  const gained = (mint: Mint) => held(transaction.postTokens, mint) - held(transaction.preTokens, mint);
  return {
    amountIn: amount(-gained(inputMint)),
    amountOut: amount(gained(outputMint)),
    feeLamports: amount(transaction.feeLamports),
    rentLamports: amount(rentOf(transaction)),
    slot: transaction.slot,
  };
}

/** Lamports put into accounts that did not exist before; those that are themselves a balance of wrapped SOL are no rent. */
function rentOf({ preLamports, postLamports, postTokens }: LandedTransaction): bigint {
  const wrapped = (index: number) =>
    postTokens.find((balance) => balance.index === index && balance.mint === WRAPPED_SOL)?.amount ?? 0n;
  return postLamports.reduce(
    (sum, lamports, index) => (preLamports[index] === 0n ? sum + lamports - wrapped(index) : sum),
    0n,
  );
}
