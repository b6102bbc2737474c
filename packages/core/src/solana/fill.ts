/**
 * What a landed transaction moved: integers from the chain's own balances, by owner and mint.
 *
 * Invariants: a balance that has no entry before is a new account, and one without an entry after is a closed one: both
 * are zero, never unknown; what counts is what the wallet's own accounts gained and lost, so a fee that a token withholds
 * on its way is no part of either; a transaction that failed on chain has no fill.
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
  readonly logs: readonly string[];
}

/** @throws RangeError when the wallet gained what it should have spent, or lost what it should have received. */
export function fillOf(transaction: LandedTransaction, wallet: string, inputMint: Mint, outputMint: Mint): Fill {
  if (transaction.error !== null) throw new TypeError(`a failed transaction has no fill: ${transaction.error}`);
  return {
    amountIn: amount(-gained(transaction, wallet, inputMint)),
    amountOut: amount(gained(transaction, wallet, outputMint)),
    feeLamports: amount(transaction.feeLamports),
    ...rentAndTip(transaction, wallet),
    slot: transaction.slot,
  };
}

/** What the wallet's own accounts of the mint gained; below zero: lost. */
export function gained({ preTokens, postTokens }: LandedTransaction, wallet: string, mint: Mint): bigint {
  const held = (balances: readonly TokenBalance[]) =>
    balances
      .filter((balance) => balance.owner === wallet && balance.mint === mint)
      .reduce((sum, balance) => sum + balance.amount, 0n);
  return held(postTokens) - held(preTokens);
}

/**
 * What else the wallet's lamports went into. Rent is what is in its own token accounts that were not there before: that
 * comes back when they are closed. Whatever left it besides, to anybody and for anything, is a tip: it is gone.
 */
function rentAndTip(transaction: LandedTransaction, wallet: string) {
  const { accounts, preLamports, postLamports, preTokens, postTokens, feeLamports } = transaction;
  const payer = accounts.indexOf(wallet);
  if (payer < 0) throw new TypeError(`the transaction does not name the wallet ${wallet}`);
  const paid = (preLamports[payer] ?? 0n) - (postLamports[payer] ?? 0n) - feeLamports;
  const opened = rentOf(
    { tokens: postTokens, lamports: postLamports },
    { tokens: preTokens, lamports: preLamports },
    wallet,
  );
  const closed = rentOf(
    { tokens: preTokens, lamports: preLamports },
    { tokens: postTokens, lamports: postLamports },
    wallet,
  );
  // Rent that came back in this transaction was spent again, or it would be in the wallet.
  const spent = paid + closed > 0n ? paid + closed : 0n;
  // An account that somebody else paid for is ours, and cost us nothing.
  const rent = opened < spent ? opened : spent;
  return { rentLamports: amount(rent), tipLamports: amount(spent - rent) };
}

interface Balances {
  readonly tokens: readonly TokenBalance[];
  readonly lamports: readonly bigint[];
}

/** Lamports in the wallet's token accounts that are there on this side only, without wrapped SOL, which is an amount and no rent. */
function rentOf(here: Balances, there: Balances, wallet: string): bigint {
  return here.tokens
    .filter(({ index, owner }) => owner === wallet && !there.tokens.some((other) => other.index === index))
    .map(({ index, mint, amount }) => {
      const lamports = (here.lamports[index] ?? 0n) - (mint === WRAPPED_SOL ? amount : 0n);
      // Anybody may have sent lamports to the address before, even more than the rent.
      const before = there.lamports[index] ?? 0n;
      return lamports > before ? lamports - before : 0n;
    })
    .reduce((sum, rent) => sum + rent, 0n);
}
