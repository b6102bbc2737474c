// The outside world of a local run: a chain, pools on it, prices that move, and the doors to them.

import { createHash } from "node:crypto";
import type { Side } from "@backstop/core/market/market";
import type { Address } from "@solana/kit";
import { Keypair, type PublicKey } from "@solana/web3.js";
import type { Candles } from "../candles.ts";
import type { Front, Server } from "../listen.ts";
import { Arbitrageur } from "../venue/arbitrageur.ts";
import { Liquidity } from "../venue/liquidity.ts";
import { ReferencePrice } from "../venue/market.ts";
import { createPools, type Listing, type Pool, poolsOf } from "../venue/pool.ts";
import { RecordedPrice } from "../venue/recorded-price.ts";
import type { Reference, Stage } from "../venue/reference.ts";
import { startVenue } from "../venue/server.ts";
import { Chain, SLOT_MS } from "./chain.ts";
import { DEPTH } from "./commitment.ts";
import type { Deliver } from "./deliver.ts";
import { createMints, type Funds, fund } from "./genesis.ts";
import type { LandedTransaction } from "./landed-transaction.ts";
import type { Block } from "./ledger.ts";
import { MINTS } from "./mints.ts";
import { randomFrom } from "./random.ts";
import { startRpc } from "./rpc/server.ts";
import { addressOf } from "./wire-transaction.ts";
import type { KeptReferences, KeptWorld, WorldStore } from "./world-store.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly markets: readonly Listing[];
  readonly startedAt?: Date;
  readonly deliver?: Deliver;
  /** Asked when a swap of somebody else's is about to run: whether it fails for want of liquidity. */
  readonly reverts?: () => boolean;
  /** What one market follows instead of a story of its own. */
  readonly recorded?: Recorded | undefined;
  /** A world that was stopped: it goes on from its last block. */
  readonly kept?: KeptWorld | undefined;
  /** Whether its markets go on in the middle of what they told; otherwise only their prices stay. */
  readonly resumesStories?: boolean;
  /** So many blocks are between two moves of a market by itself; without it, every one is a move. */
  readonly marketEveryBlocks?: number | undefined;
}

export interface Recorded {
  readonly symbol: string;
  readonly candles: Candles;
  /** Market time against chain time. */
  readonly speed: number;
}

/** Of the listed price: beyond it the arbitrageur's inventory would not suffice. */
const MOVE_MAX = 1_000;

export class World {
  readonly chain: Chain;
  readonly pools: readonly Pool[];
  readonly #arbitrageur: Arbitrageur;
  readonly #arbitrageurAddress: Address;
  readonly #references: ReadonlyMap<Pool, Reference>;
  readonly #liquidity: Liquidity;
  /** Whose price was moved since the last block. */
  readonly #moved = new Set<Pool>();
  /** Whose liquidity goes or comes in the next block. */
  readonly #changing = new Set<Pool>();
  readonly #marketEveryBlocks: number;
  readonly #isNew: boolean;
  #store: WorldStore | undefined;

  constructor(options: WorldOptions) {
    const { seed, markets, kept, startedAt, deliver, reverts = () => false, marketEveryBlocks = 1 } = options;
    this.pools = poolsOf(markets);
    const vaults = new Set(this.pools.flatMap(({ vaultA, vaultB }) => [vaultA, vaultB].map(addressOf)));
    this.chain = new Chain({
      seed,
      ...(startedAt && { startedAt }),
      ...(deliver && { deliver }),
      ...(kept && { kept: kept.chain }),
      drain: ({ all }) => {
        const named = all.filter((at) => vaults.has(at));
        return named.length > 0 && reverts() ? named : [];
      },
    });
    this.#references = new Map(this.pools.map((pool) => [pool, referenceOf(pool, options)]));
    const wallet = Keypair.fromSeed(createHash("sha256").update(`${seed}/arbitrageur`).digest());
    this.#arbitrageur = new Arbitrageur(this.chain, wallet);
    this.#arbitrageurAddress = addressOf(wallet.publicKey);
    this.#liquidity = new Liquidity(this.chain, this.pools);
    this.#marketEveryBlocks = marketEveryBlocks;
    this.#isNew = kept === undefined;
    if (!this.#isNew) return;
    createMints(this.chain, MINTS);
    createPools(this.chain, markets);
    this.#arbitrageur.fund(this.pools);
    // So that the first question already finds a finalized block behind the tip, and a price.
    for (let blocks = 0; blocks <= DEPTH.finalized; blocks += 1) this.produceBlock();
  }

  produceBlock(): Block {
    const isDue = this.chain.tip.height % this.#marketEveryBlocks === 0;
    for (const [pool, reference] of this.#references) {
      if (!isDue && !this.#moved.has(pool)) continue;
      const price = reference.next();
      // What is left of an emptied pool has no price worth keeping.
      if (this.#changing.has(pool) || this.#liquidity.isAway(pool)) continue;
      this.#arbitrageur.trade(pool, price, this.#moved.has(pool) ? "first" : "in turn");
    }
    this.#moved.clear();
    this.#changing.clear();
    const block = this.chain.produceBlock();
    this.#save([block]);
    return block;
  }

  /** From now on every block is in the store, which is where this world came from or empty, before it can be asked for. */
  keepIn(store: WorldStore): void {
    this.#store = store;
    if (this.#isNew) this.#save([...this.chain.ledger.backwards()].reverse());
  }

  beginStory(symbol: string, side: Side, blocks?: number): void {
    this.#market(symbol).reference.begin(side, blocks);
  }

  stageOf(symbol: string): Stage {
    return this.#market(symbol).reference.stage;
  }

  referencePrice(symbol: string): number {
    return this.#market(symbol).reference.price;
  }

  /** The pool trades there in the next block, before what waits to land in it. @throws Error when that is too far. */
  movePrice(symbol: string, factor: number): number {
    const { pool, reference } = this.#market(symbol);
    const { listedPrice } = pool;
    const moved = (reference.price * factor) / listedPrice;
    if (moved > MOVE_MAX || moved < 1 / MOVE_MAX) {
      throw new Error(`${symbol} goes from 1/${MOVE_MAX} to ${MOVE_MAX} times its first price, ${listedPrice}`);
    }
    reference.move(factor);
    this.#moved.add(pool);
    return reference.price;
  }

  /** In the next block all but that part of the pool's liquidity leaves. */
  empty(symbol: string, left: number): void {
    const { pool } = this.#market(symbol);
    this.#liquidity.leave(pool, left);
    this.#changing.add(pool);
  }

  /** In the next block what left is back, and after it the market's price. */
  refill(symbol: string): void {
    const { pool } = this.#market(symbol);
    this.#liquidity.comeBack(pool);
    this.#changing.add(pool);
  }

  /**
   * The newest blocks lose. Answers with those of their transactions that were not the market's own, oldest first.
   *
   * @throws Error, having done nothing, when one of the blocks is final.
   */
  fork(blocks: number): readonly LandedTransaction[] {
    return this.chain.rollback(blocks).filter(({ keys }) => keys.all[0] !== this.#arbitrageurAddress);
  }

  fund(wallet: PublicKey, funds: Funds): void {
    fund(this.chain, wallet, funds);
  }

  startRpc(): Promise<Server> {
    return startRpc(this.chain);
  }

  startVenue(apiKey?: string, front?: Front): Promise<Server> {
    return startVenue({ chain: this.chain, pools: this.pools, apiKey, front });
  }

  #save(blocks: readonly Block[]): void {
    if (!this.#store) return;
    const references: KeptReferences = Object.fromEntries(
      [...this.#references].map(([pool, reference]) => [pool.symbol, reference.kept()]),
    );
    const { accounts } = this.chain;
    this.#store.save({ blocks, records: accounts.records, accounts: accounts.takeChanges(), references });
  }

  #market(symbol: string): { readonly pool: Pool; readonly reference: Reference } {
    for (const [pool, reference] of this.#references) if (pool.symbol === symbol) return { pool, reference };
    throw new Error(`There is no market ${symbol}.`);
  }
}

function referenceOf(pool: Pool, { seed, recorded, kept, resumesStories }: WorldOptions): Reference {
  const earlier = kept?.references[pool.symbol];
  const resumed = resumesStories ? earlier : undefined;
  if (recorded?.symbol === pool.symbol) {
    return new RecordedPrice(recorded.candles, (recorded.speed * SLOT_MS) / 1000, resumed);
  }
  // A stream of its own for every run, or the market would tell the same again.
  const random = randomFrom(`${seed}/${pool.symbol}${kept ? `/${kept.chain.blocks.at(-1)?.height}` : ""}`);
  const story = resumed?.kind === "story" ? resumed : undefined;
  return new ReferencePrice(earlier?.price ?? pool.listedPrice, random, story);
}
