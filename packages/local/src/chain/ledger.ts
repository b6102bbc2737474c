// The blocks, by height, by blockhash and by the signatures in them.
//
// Invariants: heights are consecutive, slots only grow; a signature is in at most one block; what was
// finalized once stays it, also while a fork makes the chain shorter; a blockhash serves the 151 blocks that follow its own, which is what "lastValidBlockHeight = height + 150" means:
// the tip may be that high, and the next block may still hold the transaction.

import { COMMITMENTS, type Commitment, DEPTH } from "./commitment.ts";
import type { LandedTransaction } from "./landed-transaction.ts";

export interface Block {
  readonly slot: number;
  readonly height: number;
  readonly blockhash: string;
  readonly unixTime: number;
  readonly transactions: readonly LandedTransaction[];
  /** In this block and all before it. */
  readonly transactionCount: number;
}

export interface Landing {
  readonly block: Block;
  readonly transaction: LandedTransaction;
}

/** Solana's MAX_PROCESSING_AGE. */
export const BLOCKHASH_AGE_MAX = 150;

/** Blocks whose signatures a node answers for without searching its history (MAX_RECENT_BLOCKHASHES). */
export const STATUS_CACHE_BLOCKS = 300;

// An hour at 400 ms. Memory is the bound: some 7 kB a swap, and every market has a swap in most blocks.
export const LEDGER_BLOCKS_MAX = 9_000;

export class Ledger {
  readonly #blocks: Block[] = [];
  readonly #landings = new Map<string, Landing>();
  readonly #heights = new Map<string, number>();
  #finalizedHeight = 0;

  get tip(): Block {
    const tip = this.#blocks.at(-1);
    if (tip === undefined) throw new Error("A chain has a first block.");
    return tip;
  }

  /** The newest block that has the commitment; the first one while the chain is younger than that. */
  at(commitment: Commitment): Block {
    return this.blockAt(Math.max(this.tip.height - DEPTH[commitment], this.#finalizedHeight));
  }

  /** The block of that height, or the nearest one that is still there. */
  blockAt(height: number): Block {
    return this.#blocks[Math.max(0, height - this.#firstHeight)] ?? this.tip;
  }

  /** The highest commitment of a block that is on the chain. */
  commitmentOf(block: Block): Commitment {
    return COMMITMENTS.findLast((commitment) => block.height <= this.at(commitment).height) ?? "processed";
  }

  append(block: Block): void {
    this.#blocks.push(block);
    this.#heights.set(block.blockhash, block.height);
    for (const transaction of block.transactions) this.#landings.set(transaction.signature, { block, transaction });
    this.#finalizedHeight = Math.max(this.#finalizedHeight, block.height - DEPTH.finalized, this.#firstHeight);
    if (this.#blocks.length > LEDGER_BLOCKS_MAX) this.#forget(this.#blocks.shift());
  }

  /** Removes the newest blocks and answers with them, oldest first. @throws Error, having done nothing, when one of them is finalized. */
  removeTips(count: number): readonly Block[] {
    const removable = this.tip.height - this.#finalizedHeight;
    if (count > removable) {
      throw new Error(`A finalized block cannot be taken back, and only ${removable} of ${count} are not finalized.`);
    }
    const removed = this.#blocks.splice(this.#blocks.length - count, count);
    for (const block of removed) this.#forget(block);
    return removed;
  }

  find(signature: string): Landing | undefined {
    return this.#landings.get(signature);
  }

  /** Whether a block on top of the one at that height may hold a transaction with this blockhash. */
  isUsable(blockhash: string, height: number): boolean {
    const born = this.#heights.get(blockhash);
    return born !== undefined && born <= height && height - born <= BLOCKHASH_AGE_MAX;
  }

  /** Newest first. */
  *backwards(): Generator<Block> {
    for (let index = this.#blocks.length - 1; index >= 0; index -= 1) {
      const block = this.#blocks[index];
      if (block !== undefined) yield block;
    }
  }

  get #firstHeight(): number {
    return this.#blocks[0]?.height ?? 0;
  }

  #forget(block: Block | undefined): void {
    if (block === undefined) return;
    this.#heights.delete(block.blockhash);
    for (const { signature } of block.transactions) this.#landings.delete(signature);
  }
}
