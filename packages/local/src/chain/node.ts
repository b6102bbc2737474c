// A node of the RPC: the chain as it has seen it so far.
//
// Invariants: a node that lags answers everything as of the block so many blocks ago, at each commitment
// and in every slot that it tells; it forwards what it is sent all the same.

import type { Address } from "@solana/kit";
import type { Accounts } from "./accounts.ts";
import type { Chain, SimulateOptions } from "./chain.ts";
import { COMMITMENTS, type Commitment } from "./commitment.ts";
import type { Block, Landing, Ledger } from "./ledger.ts";
import type { Account, Simulation } from "./vm.ts";
import type { WireTransaction } from "./wire-transaction.ts";

/** What the methods of the RPC ask. */
export interface Node {
  readonly tip: Block;
  readonly ledger: Pick<Ledger, "tip" | "at" | "commitmentOf" | "find" | "isUsable" | "backwards">;
  readonly accounts: Pick<Accounts, "read" | "ownedBy">;
  read(at: Address, commitment?: Commitment): Account | null;
  rentExemption(dataLength: number): bigint;
  simulate(transaction: WireTransaction, options: SimulateOptions): Simulation;
  submit(bytes: Uint8Array): WireTransaction;
}

export class LaggingNode implements Node {
  readonly ledger: LaggingLedger;
  readonly #chain: Chain;

  /** `lag`: how many blocks it is behind, asked anew each time. */
  constructor(chain: Chain, lag: () => number) {
    this.#chain = chain;
    this.ledger = new LaggingLedger(chain.ledger, lag);
  }

  get tip(): Block {
    return this.ledger.tip;
  }

  /** By height, which is as the ledger told it. */
  get accounts(): Pick<Accounts, "read" | "ownedBy"> {
    return this.#chain.accounts;
  }

  read(at: Address, commitment: Commitment = "processed"): Account | null {
    return this.accounts.read(at, this.ledger.at(commitment).height);
  }

  rentExemption(dataLength: number): bigint {
    return this.#chain.rentExemption(dataLength);
  }

  simulate(transaction: WireTransaction, { commitment, ...options }: SimulateOptions): Simulation {
    return this.#chain.simulateAt(this.ledger.at(commitment).height, transaction, options);
  }

  submit(bytes: Uint8Array): WireTransaction {
    return this.#chain.submit(bytes);
  }
}

class LaggingLedger {
  readonly #ledger: Ledger;
  readonly #lag: () => number;

  constructor(ledger: Ledger, lag: () => number) {
    this.#ledger = ledger;
    this.#lag = lag;
  }

  get tip(): Block {
    return this.at("processed");
  }

  at(commitment: Commitment): Block {
    return this.#ledger.blockAt(this.#ledger.at(commitment).height - this.#lag());
  }

  commitmentOf(block: Block): Commitment {
    return COMMITMENTS.findLast((commitment) => block.height <= this.at(commitment).height) ?? "processed";
  }

  find(signature: string): Landing | undefined {
    const landing = this.#ledger.find(signature);
    return landing && landing.block.height <= this.tip.height ? landing : undefined;
  }

  /** A height is this node's own, so a blockhash that it has not seen is not usable on top of it. */
  isUsable(blockhash: string, height: number): boolean {
    return this.#ledger.isUsable(blockhash, height);
  }

  *backwards(): Generator<Block> {
    const { height } = this.tip;
    for (const block of this.#ledger.backwards()) if (block.height <= height) yield block;
  }
}
