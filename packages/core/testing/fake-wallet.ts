/** A wallet on a chain that is final at once: what it holds, what has moved it, and a node that may be behind. */
import { EngineError } from "../src/error.ts";
import type { Mint } from "../src/market/mint.ts";
import { amount } from "../src/money/amount.ts";
import type { LandedTransaction } from "../src/solana/fill.ts";
import type { PastTransaction, Rpc, SignatureStatus } from "../src/solana/rpc.ts";

interface Movement extends PastTransaction {
  readonly gained: ReadonlyMap<Mint, bigint>;
  readonly commitment: SignatureStatus["commitment"];
}

const FEE_LAMPORTS = 6_000n;

/** Enough before any movement for none to go below zero. */
const BEFORE = 10n ** 15n;

export class FakeWallet {
  readonly address: string;
  readonly #movements: Movement[] = [];
  slot = 10_000n;
  /** How far the node that is asked is behind. */
  lag = 0n;
  /** What the node does not have, though it lists it. */
  readonly pruned = new Set<string>();
  /** Balances the chain shows and no transaction tells. */
  readonly unseen = new Map<Mint, bigint>();

  constructor(address: string) {
    this.address = address;
  }

  /** A transaction lands in the next slot. */
  move(signature: string, gained: readonly (readonly [Mint, bigint])[], over: Partial<Movement> = {}): void {
    this.slot += 1n;
    const commitment = "finalized" as const;
    this.#movements.push({ signature, slot: this.slot, error: null, commitment, gained: new Map(gained), ...over });
  }

  balance(mint: Mint): bigint {
    const moved = this.#movements.filter((each) => each.error === null && each.slot <= this.slot - this.lag);
    const gained = moved.reduce((sum, each) => sum + (each.gained.get(mint) ?? 0n), 0n);
    return gained + (this.unseen.get(mint) ?? 0n);
  }

  readonly rpc: Pick<Rpc, "finalized" | "tokens" | "history" | "transaction" | "statuses"> = {
    finalized: async () => ({ blockHeight: this.slot - this.lag, slot: this.slot - this.lag }),
    tokens: async (wallet, mint, commitment, minSlot = 0n) => {
      if (wallet !== this.address) throw new TypeError(`this is not ${wallet}`);
      if (commitment !== "finalized") throw new TypeError("only what is final is looked at");
      if (this.slot - this.lag < minSlot) throw behind();
      return amount(this.balance(mint));
    },
    history: async (_wallet, mint, untilSlot) =>
      this.#movements.filter((each) => each.slot > untilSlot && each.gained.has(mint)).toReversed(),
    transaction: async (signature) => {
      const movement = this.#movements.find((each) => each.signature === signature);
      return movement && !this.pruned.has(signature) ? this.#landed(movement) : null;
    },
    statuses: async (signatures) => ({
      slot: this.slot,
      statuses: signatures.map((signature) => this.#movements.find((each) => each.signature === signature) ?? null),
    }),
  };

  #landed({ slot, error, gained }: Movement): LandedTransaction {
    const tokens = [...gained.keys()];
    const held = (after: boolean) =>
      tokens.map((mint, index) => ({
        index: index + 1,
        mint,
        owner: this.address,
        amount: BEFORE + (after && error === null ? (gained.get(mint) ?? 0n) : 0n),
      }));
    return {
      slot,
      error,
      feeLamports: FEE_LAMPORTS,
      accounts: [this.address, ...tokens],
      preLamports: [BEFORE, ...tokens.map(() => 1n)],
      postLamports: [BEFORE - FEE_LAMPORTS, ...tokens.map(() => 1n)],
      preTokens: held(false),
      postTokens: held(true),
      logs: [],
    };
  }
}

const behind = (): EngineError =>
  new EngineError("NETWORK_ERROR", { detail: "the node is behind", upstream: "rpc", outcome: "unknown" });
