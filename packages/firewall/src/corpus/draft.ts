/** A transaction before it is bytes: each part of it can be another. */

import { memoOf } from "@backstop/core/solana/memo";
import { buildMessage, type ComputeBudget } from "@backstop/core/solana/transaction";
import {
  type AddressLookupTableAccount,
  ComputeBudgetProgram,
  type PublicKey,
  TransactionInstruction,
  TransactionMessage,
} from "@solana/web3.js";
import { MEMO_PROGRAM, named } from "../chain/addresses.ts";
import { type Swap, swapInstruction } from "./swap.ts";

export interface Draft {
  readonly payer: PublicKey;
  readonly budget: readonly TransactionInstruction[];
  /** Between the compute budget and the swap. */
  readonly setup: readonly TransactionInstruction[];
  /** Null: none. */
  readonly swap: Swap | null;
  /** Between the swap and the memo. */
  readonly cleanup: readonly TransactionInstruction[];
  readonly memo: readonly TransactionInstruction[];
  readonly tables: readonly AddressLookupTableAccount[];
}

const BLOCKHASH = named("a recent block").toBase58();

export const budgetOf = ({ unitLimit, unitPriceMicroLamports }: ComputeBudget): readonly TransactionInstruction[] => [
  ComputeBudgetProgram.setComputeUnitLimit({ units: unitLimit }),
  ComputeBudgetProgram.setComputeUnitPrice({ microLamports: unitPriceMicroLamports }),
];

export const memoBy = (attemptId: string): TransactionInstruction =>
  new TransactionInstruction({ programId: MEMO_PROGRAM, keys: [], data: Buffer.from(memoOf(attemptId)) });

/** As the engine builds it. */
export function engineMessage(draft: Draft, attemptId: string, computeBudget: ComputeBudget): string {
  const { payer, setup, swap, cleanup, tables } = draft;
  return buildMessage({
    wallet: payer.toBase58(),
    blockhash: BLOCKHASH,
    instructions: [...setup, ...(swap ? [swapInstruction(swap)] : []), ...cleanup].map(({ programId, keys, data }) => ({
      programId: programId.toBase58(),
      accounts: keys.map((each) => ({ ...each, pubkey: each.pubkey.toBase58() })),
      data: data.toString("base64"),
    })),
    lookupTables: tables,
    attemptId,
    computeBudget,
  });
}

/** As anybody may build it. Null: it does not fit into a packet. */
export function compile({ payer, budget, setup, swap, cleanup, memo, tables }: Draft): Buffer | null {
  const message = new TransactionMessage({
    payerKey: payer,
    recentBlockhash: BLOCKHASH,
    instructions: [...budget, ...setup, ...(swap ? [swapInstruction(swap)] : []), ...cleanup, ...memo],
  }).compileToV0Message([...tables]);
  try {
    return Buffer.from(message.serialize());
  } catch (error) {
    // The library writes into a packet, and has no other word for one that is full.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Of a program that a transaction may be made to call. */
export const call = (
  programId: PublicKey,
  keys: TransactionInstruction["keys"],
  data: Uint8Array | readonly number[],
): TransactionInstruction => new TransactionInstruction({ programId, keys, data: Buffer.from(data) });
