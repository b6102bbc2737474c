/**
 * A chain that makes its blocks by the clock, and may lose the newest of them: what was in those lands once more, perhaps for
 * another amount, or never again. The wallet has enough of everything for whatever was signed.
 */
import { type VersionedMessage, VersionedTransaction } from "@solana/web3.js";
import bs58 from "bs58";
import { amount } from "../src/money/amount.ts";
import type { LandedTransaction } from "../src/solana/fill.ts";
import type { Commitment, Rpc, SignatureStatus } from "../src/solana/rpc.ts";
import { type FakeSwap, readSwap } from "./fake-swap.ts";
import type { FakeClock } from "./fakes.ts";

const SLOT_MS = 400;
const FIRST_SLOT = 1_000_000n;
/** Slots that had no block, all of them before the first one here. */
const SKIPPED = 70_000n;
/** For as many blocks a blockhash is good. */
const LIFE = 150n;
const DEPTH: Readonly<Record<Commitment, bigint>> = { confirmed: 1n, finalized: 31n };

const ENDOWMENT = 10n ** 15n;
const FEE_LAMPORTS = 6_000n;
const SLIPPED = '{"InstructionError":[3,{"Custom":6001}]}';

/** What becomes of a transaction whose block was lost. */
export type Fate =
  /** It lands in the next block, and brings so much more, or less: a part in ten thousand. */
  | { readonly type: "again"; readonly better: bigint }
  /** It lands in the next block, and fails. */
  | { readonly type: "fails" }
  /** No block takes it, whoever sends it. */
  | { readonly type: "never" };

interface Sent {
  readonly swap: FakeSwap;
  /** The last height at which a block may take it. */
  readonly lastHeight: bigint;
}

interface Landing extends Sent {
  readonly slot: bigint;
  readonly error: string | null;
}

export class ForkingChain {
  readonly #clock: FakeClock;
  readonly #wallet: string;
  readonly #began: number;
  readonly #sent = new Map<string, Sent>();
  readonly #landings = new Map<string, Landing>();
  /** What waits to land, with the slot from which on it may. */
  readonly #due = new Map<string, { readonly slot: bigint; readonly fate: Fate }>();
  readonly #never = new Set<string>();
  #slot = FIRST_SLOT;
  /** What the node that is asked does not know of, though it is there. */
  readonly hidden = new Set<string>();
  /** How many slots the `count`th transaction takes from when it is first sent; null: it never lands. */
  delay: (count: number) => bigint | null = () => 1n;

  constructor(wallet: string, clock: FakeClock) {
    this.#wallet = wallet;
    this.#clock = clock;
    this.#began = clock.now().getTime();
  }

  /** What is on the chain. */
  get landings(): ReadonlyMap<string, Landing> {
    this.#catchUp();
    return this.#landings;
  }

  /** Of how many blocks from the tip on the transaction's is one; null: it is in none, or is final. */
  depthOf(signature: string): number | null {
    const landing = this.landings.get(signature);
    const depth = landing && this.#slot - landing.slot + 1n;
    return depth === undefined || depth > DEPTH.finalized ? null : Number(depth);
  }

  /**
   * The newest blocks are lost; answers with what was in them. A blockhash of one of them is good all the same, as if it had
   * come from a node that was behind. `number`: 1 for what was sent first.
   */
  fork(blocks: number, fateOf: (signature: string, number: number) => Fate): readonly string[] {
    this.#catchUp();
    if (blocks > Number(DEPTH.finalized)) throw new RangeError(`of ${blocks} blocks some are final`);
    const lost = [...this.#landings].filter(([, { slot }]) => slot > this.#slot - BigInt(blocks));
    for (const [signature] of lost) {
      const fate = fateOf(signature, [...this.#sent.keys()].indexOf(signature) + 1);
      this.#landings.delete(signature);
      if (fate.type === "never") this.#never.add(signature);
      else this.#due.set(signature, { slot: this.#slot + 1n, fate });
    }
    return lost.map(([signature]) => signature);
  }

  readonly rpc: Rpc = {
    latestBlockhash: async () => {
      this.#catchUp();
      const bytes = Buffer.alloc(32);
      bytes.writeBigUInt64BE(this.#slot);
      return { blockhash: bs58.encode(bytes), lastValidBlockHeight: this.#slot - SKIPPED + LIFE };
    },
    finalized: async () => {
      this.#catchUp();
      const slot = this.#slot - DEPTH.finalized;
      return { slot, blockHeight: slot - SKIPPED };
    },
    statuses: async (signatures) => {
      this.#catchUp();
      return { slot: this.#slot, statuses: signatures.map((signature) => this.#statusOf(signature)) };
    },
    isKnownElsewhere: async () => false,
    send: async (bytes) => {
      this.#catchUp();
      const { signature, swap } = readSwap(bytes);
      const known = this.#sent.get(signature);
      const sent = known ?? { swap, lastHeight: lastHeightOf(VersionedTransaction.deserialize(bytes).message) };
      this.#sent.set(signature, sent);
      if (this.#landings.has(signature) || this.#due.has(signature)) return;
      const delay = known ? 1n : this.delay(this.#sent.size);
      if (delay === null) this.#never.add(signature);
      else this.#due.set(signature, { slot: this.#slot + delay, fate: { type: "again", better: 0n } });
    },
    transaction: async (signature, commitment) => {
      this.#catchUp();
      const landing = this.hidden.has(signature) ? undefined : this.#landings.get(signature);
      return landing && this.#slot - landing.slot >= DEPTH[commitment] ? this.#told(landing) : null;
    },
    lookupTables: async () => [],
    lamports: async () => amount(ENDOWMENT),
    tokens: async (_wallet, mint, commitment) => {
      this.#catchUp();
      const seen = [...this.#landings.values()].filter(({ slot }) => this.#slot - slot >= DEPTH[commitment]);
      return amount(ENDOWMENT + seen.reduce((sum, landing) => sum + gainedBy(landing, mint), 0n));
    },
    simulate: async () => ({ error: null, logs: [], unitsConsumed: 100_000n, slot: this.#slot }),
    recentFees: async () => [],
    history: async () => [],
  };

  /** What the wallet has gained of the mint; below zero: lost. */
  gained(mint: string): bigint {
    return [...this.landings.values()].reduce((sum, landing) => sum + gainedBy(landing, mint), 0n);
  }

  #catchUp(): void {
    const now = FIRST_SLOT + BigInt(Math.floor((this.#clock.now().getTime() - this.#began) / SLOT_MS));
    while (this.#slot < now) this.#produce();
  }

  #produce(): void {
    this.#slot += 1n;
    for (const [signature, { slot, fate }] of [...this.#due]) {
      if (slot > this.#slot) continue;
      this.#due.delete(signature);
      const sent = this.#sent.get(signature);
      if (!sent || this.#never.has(signature) || this.#slot - SKIPPED > sent.lastHeight) continue;
      const better = fate.type === "again" ? fate.better : 0n;
      const swap = { ...sent.swap, amountOut: (sent.swap.amountOut * (10_000n + better)) / 10_000n };
      this.#landings.set(signature, { ...sent, swap, slot: this.#slot, error: fate.type === "fails" ? SLIPPED : null });
    }
  }

  #statusOf(signature: string): SignatureStatus | null {
    const landing = this.hidden.has(signature) ? undefined : this.#landings.get(signature);
    if (!landing) return null;
    const depth = this.#slot - landing.slot;
    const commitment = depth >= DEPTH.finalized ? "finalized" : depth >= DEPTH.confirmed ? "confirmed" : "processed";
    return { slot: landing.slot, error: landing.error, commitment };
  }

  #told({ slot, error, swap }: Landing): LandedTransaction {
    const held = (index: number, mint: string, units: bigint) => ({ index, mint, owner: this.#wallet, amount: units });
    const [spent, got] = error === null ? [swap.amountIn, swap.amountOut] : [0n, 0n];
    return {
      slot,
      error,
      feeLamports: FEE_LAMPORTS,
      accounts: [this.#wallet, "input", "output"],
      preLamports: [ENDOWMENT, 1n, 1n],
      postLamports: [ENDOWMENT - FEE_LAMPORTS, 1n, 1n],
      preTokens: [held(1, swap.inputMint, spent), held(2, swap.outputMint, 0n)],
      postTokens: [held(1, swap.inputMint, 0n), held(2, swap.outputMint, got)],
      logs: [],
    };
  }
}

/** A block takes a transaction by its parent's blockhashes. */
const lastHeightOf = ({ recentBlockhash }: VersionedMessage): bigint =>
  Buffer.from(bs58.decode(recentBlockhash)).readBigUInt64BE() - SKIPPED + LIFE + 1n;

function gainedBy({ swap, error }: Landing, mint: string): bigint {
  if (error !== null) return 0n;
  return (swap.outputMint === mint ? swap.amountOut : 0n) - (swap.inputMint === mint ? swap.amountIn : 0n);
}
