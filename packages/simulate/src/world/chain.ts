/**
 * The chain as it is: what landed where, what was forked away, and what the wallet holds at any slot.
 *
 * Invariants:
 * - a transaction is in the chain at most once; it lands only while its blockhash is young enough and its block is there;
 * - balances are the sum of what landed: a fork takes back exactly what it takes;
 * - what is 32 slots deep stays.
 */
import type { FakeSwap } from "@backstop/core/testing/fake-swap";
import bs58 from "bs58";
import type { Dice } from "../kernel/dice.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Weather } from "../kernel/weather.ts";
import type { Market } from "./market.ts";
import type { Slots } from "./slots.ts";

/** A signed transaction as nodes got it. */
export interface Signed {
  readonly signature: string;
  readonly swap: FakeSwap;
  readonly blockhash: string;
  readonly feeLamports: bigint;
}

/** A transaction in a block. */
export interface Landed {
  readonly signature: string;
  readonly slot: number;
  /** As JSON; null: it did what it was meant to. */
  readonly error: string | null;
  readonly logs: readonly string[];
  /** What the wallet gained and lost. */
  readonly tokens: ReadonlyMap<string, bigint>;
  readonly feeLamports: bigint;
  /** Somebody moved it by hand. */
  readonly isByHand: boolean;
}

interface Blockhash {
  readonly slot: number;
  readonly height: number;
  isForkedAway: boolean;
}

/** A block takes a transaction by its parent's blockhashes: of as many blocks. */
export const BLOCKHASH_LIFE = 150;

/** So deep, two thirds have voted for it. */
export const CONFIRMED_DEPTH = 2;

/** So deep, nothing is forked away any more. */
export const FINAL_DEPTH = 32;

const FORK_DEPTH_MAX = 20;

/** Of what a fork took, so much comes back by itself within as many slots. */
const COMES_BACK = { chance: 0.5, slots: 40 };

export const SLIPPED = '{"InstructionError":[2,{"Custom":6001}]}';
export const SLIPPED_LOGS = [
  "Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 failed: custom program error: 0x1771",
];
export const TOO_LITTLE = '{"InstructionError":[2,{"Custom":1}]}';
export const TOO_LITTLE_LOGS = [
  "Program TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA failed: custom program error: 0x1",
];

export interface ChainDeps {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly dice: Dice;
  readonly slots: Slots;
  readonly markets: readonly Market[];
  readonly tell: (line: string) => void;
}

export class Chain {
  readonly #deps: ChainDeps;
  readonly #funds: ReadonlyMap<string, bigint>;
  readonly #lamports: bigint;
  /** In the order of their slots. */
  readonly #entries: Landed[] = [];
  readonly #bySignature = new Map<string, Landed>();
  readonly #blockhashes = new Map<string, Blockhash>();
  readonly #blockhashOf = new Map<number, string>();
  /** What was confirmed and then forked away. */
  readonly #onceConfirmed = new Set<string>();
  #blockhashesMade = 0;

  constructor(deps: ChainDeps, funds: ReadonlyMap<string, bigint>, lamports: bigint) {
    this.#deps = deps;
    this.#funds = funds;
    this.#lamports = lamports;
  }

  get slots(): Slots {
    return this.#deps.slots;
  }

  /** The slot of now. */
  get tip(): number {
    const { slots, timeline } = this.#deps;
    return slots.lastBlock(slots.at(timeline.now));
  }

  get entries(): readonly Landed[] {
    return this.#entries;
  }

  landed(signature: string): Landed | undefined {
    return this.#bySignature.get(signature);
  }

  /** Whether it is in the chain for good. */
  isFinal({ slot }: Landed): boolean {
    return slot <= this.tip - FINAL_DEPTH;
  }

  /** Whether it is confirmed, or was until it was forked away. */
  wasConfirmed(signature: string): boolean {
    const landed = this.#bySignature.get(signature);
    return this.#onceConfirmed.has(signature) || (landed !== undefined && this.#isConfirmed(landed));
  }

  /** Whether it may still come into a block, as the chain stands. */
  mayLand({ blockhash }: Pick<Signed, "blockhash">): boolean {
    const known = this.#blockhashes.get(blockhash);
    if (!known || known.isForkedAway) return false;
    return this.slots.heightOf(this.tip) <= known.height + BLOCKHASH_LIFE;
  }

  blockhashAt(slot: number): { readonly blockhash: string; readonly lastValidBlockHeight: number } {
    const height = this.slots.heightOf(slot);
    let blockhash = this.#blockhashOf.get(slot);
    if (blockhash === undefined) {
      const bytes = Buffer.alloc(32);
      bytes.writeUInt32BE(++this.#blockhashesMade);
      blockhash = bs58.encode(bytes);
      this.#blockhashOf.set(slot, blockhash);
      this.#blockhashes.set(blockhash, { slot, height, isForkedAway: false });
    }
    return { blockhash, lastValidBlockHeight: height + BLOCKHASH_LIFE };
  }

  /** A copy of it comes to a leader so many slots from now. */
  deliver(signed: Signed, slotsFromNow: number): void {
    const { timeline, slots } = this.#deps;
    timeline.after(slotsFromNow * slots.slotMs, () => this.#arrive(signed));
  }

  /** Somebody moves the wallet by hand. */
  moveByHand(signature: string, mint: string, gained: bigint): void {
    const entry = { signature, error: null, logs: [], feeLamports: 0n, isByHand: true };
    this.#add({ ...entry, slot: this.#openSlot(), tokens: new Map([[mint, gained]]) });
  }

  tokens(mint: string, slot: number): bigint {
    return this.#sum(slot, this.#funds.get(mint) ?? 0n, ({ tokens }) => tokens.get(mint) ?? 0n);
  }

  lamports(slot: number): bigint {
    return this.#sum(slot, this.#lamports, ({ feeLamports }) => -feeLamports);
  }

  /** What the swap would come to now. */
  outcome(swap: FakeSwap, slot: number): Pick<Landed, "error" | "logs" | "tokens"> {
    const { markets, timeline } = this.#deps;
    const { inputMint, outputMint, amountIn, minimumOut, isOurs } = swap;
    const market = markets.find(({ pair }) => [inputMint, outputMint].every((mint) => isOf(pair, mint)));
    if (!market || this.tokens(inputMint, slot) < amountIn) return failed(TOO_LITTLE, TOO_LITTLE_LOGS);
    const { amountOut } = market.swap(timeline.now, inputMint, amountIn);
    if (amountOut < minimumOut) return failed(SLIPPED, SLIPPED_LOGS);
    const tokens = new Map([
      [inputMint, -amountIn],
      [outputMint, isOurs ? amountOut : 0n],
    ]);
    return { error: null, logs: [], tokens };
  }

  #arrive(signed: Signed): void {
    const { weather, tell } = this.#deps;
    if (this.#bySignature.has(signed.signature)) return;
    const slot = this.#openSlot();
    const known = this.#blockhashes.get(signed.blockhash);
    if (!known || known.isForkedAway || this.slots.heightOf(slot) > known.height + BLOCKHASH_LIFE + 1) return;
    const outcome = weather.strikes("slippage") ? failed(SLIPPED, SLIPPED_LOGS) : this.outcome(signed.swap, slot);
    this.#add({
      ...outcome,
      signature: signed.signature,
      slot,
      feeLamports: signed.feeLamports,
      isByHand: false,
    });
    tell(`chain   ${short(signed.signature)} lands in slot ${slot}${outcome.error === null ? "" : " with an error"}`);
    if (weather.strikes("fork")) this.#forkLater(signed, slot);
  }

  /** Where what comes now goes. */
  #openSlot(): number {
    return this.slots.nextBlock(this.slots.at(this.#deps.timeline.now));
  }

  #forkLater(signed: Signed, slot: number): void {
    const { timeline, dice, slots } = this.#deps;
    timeline.after(dice.whole(1, FORK_DEPTH_MAX) * slots.slotMs, () => this.#forkAway(slot));
    if (dice.chance(COMES_BACK.chance)) this.deliver(signed, FORK_DEPTH_MAX + dice.whole(1, COMES_BACK.slots));
  }

  /** The blocks from this slot on are lost, with all in them. */
  #forkAway(slot: number): void {
    while ((this.#entries.at(-1)?.slot ?? 0) >= slot) {
      const entry = this.#entries.pop();
      if (!entry) break;
      this.#bySignature.delete(entry.signature);
      if (this.#isConfirmed(entry)) this.#onceConfirmed.add(entry.signature);
      this.#deps.tell(`chain   ${short(entry.signature)} is forked away from slot ${entry.slot}`);
    }
    for (const [at, blockhash] of this.#blockhashOf) {
      if (at < slot) continue;
      const known = this.#blockhashes.get(blockhash);
      if (known) known.isForkedAway = true;
      this.#blockhashOf.delete(at);
    }
  }

  #isConfirmed({ slot }: Landed): boolean {
    return slot <= this.tip - CONFIRMED_DEPTH;
  }

  #add(entry: Landed): void {
    this.#entries.push(entry);
    this.#bySignature.set(entry.signature, entry);
  }

  #sum(slot: number, before: bigint, change: (entry: Landed) => bigint): bigint {
    return this.#entries.reduce((sum, entry) => (entry.slot <= slot ? sum + change(entry) : sum), before);
  }
}

const isOf = ({ baseMint, quoteMint }: Market["pair"], mint: string): boolean =>
  mint === baseMint || mint === quoteMint;

const failed = (error: string, logs: readonly string[]) => ({ error, logs, tokens: new Map<string, bigint>() });

export const short = (signature: string): string => signature.slice(0, 8);
