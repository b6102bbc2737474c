// The outside world of a local run: a chain, pools on it, prices that move, and the doors to them.

import { createHash } from "node:crypto";
import type { Side } from "@backstop/core/market/market";
import { Keypair, type PublicKey } from "@solana/web3.js";
import type { Candles } from "../candles.ts";
import type { Server } from "../listen.ts";
import { Arbitrageur } from "../venue/arbitrageur.ts";
import { ReferencePrice } from "../venue/market.ts";
import { createPools, type Listing, type Pool, poolsOf } from "../venue/pool.ts";
import { RecordedPrice } from "../venue/recorded-price.ts";
import type { Reference, Stage } from "../venue/reference.ts";
import { startVenue } from "../venue/server.ts";
import { Chain, SLOT_MS } from "./chain.ts";
import { DEPTH } from "./commitment.ts";
import type { Deliver } from "./deliver.ts";
import { createMints, type Funds, fund } from "./genesis.ts";
import type { Block } from "./ledger.ts";
import { MINTS } from "./mints.ts";
import { randomFrom } from "./random.ts";
import { startRpc } from "./rpc/server.ts";
import type { KeptReferences, KeptWorld, WorldStore } from "./world-store.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly markets: readonly Listing[];
  readonly startedAt?: Date;
  readonly deliver?: Deliver;
  /** What one market follows instead of a story of its own. */
  readonly recorded?: Recorded | undefined;
  /** A world that was stopped: it goes on from its last block. */
  readonly kept?: KeptWorld | undefined;
  /** Whether its markets go on in the middle of what they told; otherwise only their prices stay. */
  readonly resumesStories?: boolean;
}

export interface Recorded {
  readonly symbol: string;
  readonly candles: Candles;
  /** Market time against chain time. */
  readonly speed: number;
}

export class World {
  readonly chain: Chain;
  readonly pools: readonly Pool[];
  readonly #arbitrageur: Arbitrageur;
  readonly #references: ReadonlyMap<Pool, Reference>;
  readonly #isNew: boolean;
  #store: WorldStore | undefined;

  constructor(options: WorldOptions) {
    const { seed, markets, kept, startedAt, deliver } = options;
    this.chain = new Chain({
      seed,
      ...(startedAt && { startedAt }),
      ...(deliver && { deliver }),
      ...(kept && { kept: kept.chain }),
    });
    this.pools = poolsOf(markets);
    this.#references = new Map(this.pools.map((pool) => [pool, referenceOf(pool, options)]));
    const wallet = Keypair.fromSeed(createHash("sha256").update(`${seed}/arbitrageur`).digest());
    this.#arbitrageur = new Arbitrageur(this.chain, wallet);
    this.#isNew = kept === undefined;
    if (!this.#isNew) return;
    createMints(this.chain, MINTS);
    createPools(this.chain, markets);
    this.#arbitrageur.fund(this.pools);
    // So that the first question already finds a finalized block behind the tip, and a price.
    for (let blocks = 0; blocks <= DEPTH.finalized; blocks += 1) this.produceBlock();
  }

  produceBlock(): Block {
    for (const [pool, reference] of this.#references) this.#arbitrageur.trade(pool, reference.next());
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
    this.#reference(symbol).begin(side, blocks);
  }

  stageOf(symbol: string): Stage {
    return this.#reference(symbol).stage;
  }

  referencePrice(symbol: string): number {
    return this.#reference(symbol).price;
  }

  fund(wallet: PublicKey, funds: Funds): void {
    fund(this.chain, wallet, funds);
  }

  startRpc(): Promise<Server> {
    return startRpc(this.chain);
  }

  startVenue(apiKey?: string): Promise<Server> {
    return startVenue({ chain: this.chain, pools: this.pools, apiKey });
  }

  #save(blocks: readonly Block[]): void {
    if (!this.#store) return;
    const references: KeptReferences = Object.fromEntries(
      [...this.#references].map(([pool, reference]) => [pool.symbol, reference.kept()]),
    );
    const { accounts } = this.chain;
    this.#store.save({ blocks, records: accounts.records, accounts: accounts.takeChanges(), references });
  }

  #reference(symbol: string): Reference {
    for (const [pool, reference] of this.#references) if (pool.symbol === symbol) return reference;
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
