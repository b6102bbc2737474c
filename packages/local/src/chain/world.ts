// The outside world of a local run: a chain, pools on it, prices that move, and the doors to them.

import { createHash } from "node:crypto";
import { Keypair, type PublicKey } from "@solana/web3.js";
import type { Server } from "../listen.ts";
import { Arbitrageur } from "../venue/arbitrageur.ts";
import { ReferencePrice } from "../venue/market.ts";
import { createPools, type Listing, type Pool } from "../venue/pool.ts";
import { startVenue } from "../venue/server.ts";
import { Chain } from "./chain.ts";
import { DEPTH } from "./commitment.ts";
import type { Deliver } from "./deliver.ts";
import { createMints, type Funds, fund } from "./genesis.ts";
import type { Block } from "./ledger.ts";
import { MINTS } from "./mints.ts";
import { randomFrom } from "./random.ts";
import { startRpc } from "./rpc/server.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly markets: readonly Listing[];
  readonly startedAt?: Date;
  readonly deliver?: Deliver;
}

export class World {
  readonly chain: Chain;
  readonly pools: readonly Pool[];
  readonly #arbitrageur: Arbitrageur;
  readonly #references: ReadonlyMap<Pool, ReferencePrice>;

  constructor({ seed, markets, ...chainOptions }: WorldOptions) {
    this.chain = new Chain({ seed, ...chainOptions });
    createMints(this.chain, MINTS);
    this.pools = createPools(this.chain, markets);
    this.#references = new Map(
      this.pools.map((pool) => [pool, new ReferencePrice(pool.listedPrice, randomFrom(`${seed}/${pool.symbol}`))]),
    );
    const wallet = Keypair.fromSeed(createHash("sha256").update(`${seed}/arbitrageur`).digest());
    this.#arbitrageur = new Arbitrageur(this.chain, wallet, this.pools);
    // So that the first question already finds a finalized block behind the tip, and a price.
    for (let blocks = 0; blocks <= DEPTH.finalized; blocks += 1) this.produceBlock();
  }

  produceBlock(): Block {
    for (const [pool, reference] of this.#references) this.#arbitrageur.trade(pool, reference.next());
    return this.chain.produceBlock();
  }

  beginStory(symbol: string, blocks?: number): void {
    this.#reference(symbol).begin(blocks);
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

  #reference(symbol: string): ReferencePrice {
    for (const [pool, reference] of this.#references) if (pool.symbol === symbol) return reference;
    throw new Error(`There is no market ${symbol}.`);
  }
}
