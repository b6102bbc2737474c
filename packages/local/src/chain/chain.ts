// A chain as one node sees it: blocks made on demand over a VM, and its state at each commitment.
//
// Invariants: there is no clock, a block is made when somebody asks for it; slot and block height are
// different numbers whose difference grows; a transaction lands at most once, in the order of arrival
// within its place in the block, while its blockhash is usable; reads at a commitment answer from that block's state.

import { createHash } from "node:crypto";
import type { Address } from "@solana/kit";
import bs58 from "bs58";
import { Accounts, type BlockRecord } from "./accounts.ts";
import type { Commitment } from "./commitment.ts";
import { type Deliver, deliverToNextBlock } from "./deliver.ts";
import { type Drain, drainNothing } from "./drain.ts";
import { type LandedTransaction, land } from "./landed-transaction.ts";
import { type Block, Ledger } from "./ledger.ts";
import type { Node } from "./node.ts";
import { type Random, randomFrom } from "./random.ts";
import { type Account, type Simulation, Vm } from "./vm.ts";
import { decodeTransaction, resolveAccountKeys, type WireTransaction } from "./wire-transaction.ts";

// Like mainnet's of 2026: far apart, so that code which mixes them up cannot work.
const FIRST_SLOT = 400_000_000;
const FIRST_HEIGHT = 378_000_000;
const DAY_ONE = new Date("2026-01-01T00:00:00Z");

export const SLOTS_PER_EPOCH = 432_000;
export const SLOT_MS = 400;

// A few leaders in a hundred miss their slot on mainnet.
const SKIPPED_SLOT_PROBABILITY = 0.04;

export interface ChainOptions {
  readonly seed: string;
  /** Chain time of the first block that is made; later ones follow at SLOT_MS a slot. */
  readonly startedAt?: Date;
  readonly deliver?: Deliver;
  /** What is out of reach of a transaction while it runs, if the chain's own network brought it. */
  readonly drain?: Drain;
  /** A chain that was stopped: its next block follows its last one. What had not landed yet is lost, as with any node. */
  readonly kept?: KeptChain;
}

/** A chain at rest. */
export interface KeptChain {
  /** Consecutive, oldest first. */
  readonly blocks: readonly Block[];
  readonly records: readonly BlockRecord[];
  readonly accounts: readonly Account[];
}

export interface SimulateOptions {
  readonly commitment: Commitment;
  readonly verifySignatures: boolean;
  /** Simulates as though the message had a fresh blockhash. */
  readonly ignoreBlockhash: boolean;
}

/** Where in a block: whoever pays its leader for it comes first. */
const PLACES = ["first", "in turn"] as const;
export type Place = (typeof PLACES)[number];

interface Pending {
  readonly height: number;
  readonly transaction: WireTransaction;
  readonly place: Place;
  readonly drain: Drain;
}

export class Chain implements Node {
  readonly accounts: Accounts;
  readonly ledger = new Ledger();
  readonly #vm = new Vm();
  readonly #deliver: Deliver;
  readonly #drain: Drain;
  readonly #random: Random;
  /** Where chain time and the clock were the same. */
  readonly #began: { readonly slot: number; readonly unixTime: number };
  #pending: readonly Pending[] = [];
  #changes: readonly ((accounts: Accounts) => void)[] = [];
  /** Slots are not given back: the blocks of a lost fork keep theirs. */
  #slot = FIRST_SLOT;

  constructor({ seed, startedAt = DAY_ONE, deliver = deliverToNextBlock, drain = drainNothing, kept }: ChainOptions) {
    this.accounts = new Accounts(this.#vm);
    this.#deliver = deliver;
    this.#drain = drain;
    const last = kept?.blocks.at(-1);
    this.#random = randomFrom(`${seed}/slots${last ? `/${last.height}` : ""}`);
    const unixTime = startedAt.getTime() / 1000;
    // Chain time never goes back: skipped slots let it run ahead of the clock.
    this.#began = last
      ? { slot: last.slot, unixTime: Math.max(unixTime, last.unixTime) }
      : { slot: FIRST_SLOT, unixTime };
    if (kept && last) this.#restore(kept, last);
    else this.#append(FIRST_HEIGHT, seed, 0, () => []);
  }

  get tip(): Block {
    return this.ledger.tip;
  }

  rentExemption(dataLength: number): bigint {
    return this.#vm.rentExemption(dataLength);
  }

  read(at: Address, commitment: Commitment = "processed"): Account | null {
    return this.accounts.read(at, this.ledger.at(commitment).height);
  }

  /** Gives the bytes to the network; whether they land is told by later blocks. */
  submit(bytes: Uint8Array): WireTransaction {
    const transaction = decodeTransaction(bytes);
    const arrivals = this.#deliver(transaction, this.tip.height).map((height): Pending => {
      return { height, transaction, place: "in turn", drain: this.#drain };
    });
    this.#pending = [...this.#pending, ...arrivals];
    return transaction;
  }

  /** Past the network, to the next block. */
  submitDirectly(bytes: Uint8Array, place: Place = "in turn"): WireTransaction {
    const transaction = decodeTransaction(bytes);
    const height = this.tip.height + 1;
    this.#pending = [...this.#pending, { height, transaction, place, drain: drainNothing }];
    return transaction;
  }

  /** Happens at the beginning of the next block, without a transaction. */
  changeInNextBlock(change: (accounts: Accounts) => void): void {
    this.#changes = [...this.#changes, change];
  }

  produceBlock(): Block {
    const { height, blockhash, transactionCount } = this.tip;
    do this.#slot += 1;
    while (this.#random() < SKIPPED_SLOT_PROBABILITY);
    this.accounts.openBlock(height + 1);
    for (const change of this.#changes) change(this.accounts);
    this.#changes = [];
    return this.#append(height + 1, blockhash, transactionCount, () => this.#landPending(height + 1));
  }

  /**
   * The newest blocks lose to a fork: their transactions have not happened, though their bytes may come again. Answers with
   * them, oldest first. @throws Error, having done nothing, when one of the blocks is finalized.
   */
  rollback(blocks: number): readonly LandedTransaction[] {
    const removed = this.ledger.removeTips(blocks);
    for (const _block of removed) this.accounts.undoBlock();
    // What is on its way is as many blocks away as it was.
    this.#pending = this.#pending.map((pending) => ({ ...pending, height: pending.height - blocks }));
    return removed.flatMap(({ transactions }) => transactions);
  }

  /** Copies of them that are on their way do not arrive. */
  discard(signatures: readonly string[]): void {
    this.#pending = this.#pending.filter(({ transaction }) => !signatures.includes(transaction.signature));
  }

  simulate(transaction: WireTransaction, { commitment, ...options }: SimulateOptions): Simulation {
    return this.simulateAt(this.ledger.at(commitment).height, transaction, options);
  }

  simulateAt(
    height: number,
    transaction: WireTransaction,
    { verifySignatures, ignoreBlockhash }: Omit<SimulateOptions, "commitment">,
  ): Simulation {
    const refused = (error: string): Simulation => ({ error, meta: null, postAccounts: [] });
    const keys = resolveAccountKeys(transaction.message, (at) => this.accounts.read(at, height));
    if ("error" in keys) return refused(keys.error);
    const refusal = ignoreBlockhash ? undefined : this.#refusal(transaction, height);
    if (refusal !== undefined) return refused(refusal);
    return this.accounts.asOf(height, keys.all, () => this.#vm.simulate(transaction, verifySignatures));
  }

  /** Why no block on top of that height may hold the transaction, whatever it does. */
  #refusal({ signature, message }: WireTransaction, height: number): string | undefined {
    if (!this.ledger.isUsable(message.recentBlockhash, height)) return "BlockhashNotFound";
    const landing = this.ledger.find(signature);
    return landing !== undefined && landing.block.height <= height ? "AlreadyProcessed" : undefined;
  }

  #landPending(height: number): LandedTransaction[] {
    const arrived = this.#pending.filter((pending) => pending.height <= height);
    this.#pending = this.#pending.filter((pending) => pending.height > height);
    const due = PLACES.flatMap((place) => arrived.filter((each) => each.place === place));
    const landed = new Map<string, LandedTransaction>();
    for (const { transaction, drain } of due) {
      if (landed.has(transaction.signature) || this.#refusal(transaction, height - 1) !== undefined) continue;
      const result = land(this.#vm, this.accounts, transaction, drain);
      if (result !== undefined) landed.set(result.signature, result);
    }
    return [...landed.values()];
  }

  #restore({ blocks, records, accounts }: KeptChain, { slot, unixTime }: Block): void {
    this.accounts.restore(accounts, records);
    for (const block of blocks) this.ledger.append(block);
    this.#slot = slot;
    this.#setClock(slot, unixTime);
  }

  #setClock(slot: number, unixTime: number): void {
    this.#vm.setClock(slot, Math.floor(slot / SLOTS_PER_EPOCH), unixTime);
  }

  #append(height: number, parent: string, countBefore: number, execute: () => readonly LandedTransaction[]): Block {
    const slot = this.#slot;
    const unixTime = Math.floor(this.#began.unixTime + ((slot - this.#began.slot) * SLOT_MS) / 1000);
    this.#setClock(slot, unixTime);
    const blockhash = bs58.encode(createHash("sha256").update(`${parent}/${slot}`).digest());
    const transactions = execute();
    const transactionCount = countBefore + transactions.length;
    const block = { slot, height, blockhash, unixTime, transactions, transactionCount };
    this.ledger.append(block);
    return block;
  }
}
