// The one who keeps the pools at the market's price: real, signed swaps through the program.

import { type Keypair, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import type { Chain, Place } from "../chain/chain.ts";
import { fund } from "../chain/genesis.ts";
import { amountReceived, routeInstruction } from "../swap-program/route.ts";
import { arbitrage, distance } from "./arbitrage.ts";
import { buyLeg, type Leg, legReserves, type Pool, reservesOf, sellLeg } from "./pool.ts";
import { ratioOf } from "./ratio.ts";

// 2 bps: below it a swap would be noise for everybody who watches the price.
const NEGLIGIBLE = 200n;

// 50 bps: a swap that moves the price trades at the mean of old and new. After one this far a small one
// follows, so that the last price traded at is the new one.
const LARGE = 5_000n;

// A price that nobody traded at for longer looks stale (its block id stands still).
const QUIET_BLOCKS_MAX = 5;

// That part of the reserve keeps the price fresh and is too little to move it.
const SIGN_OF_LIFE = 100_000n;

// The price moves by percents, the reserves by half of that, and every swap leaves 0.25 % behind: a
// hundred times the pool lasts for millions of blocks.
const INVENTORY = 100n;

// 100 000 SOL: 5 000 lamports a swap, for ever.
const FEES_LAMPORTS = 100_000_000_000_000n;

// It wants the price moved, whatever it costs.
const ANY_SLIPPAGE_BPS = 10_000;

export class Arbitrageur {
  readonly #chain: Chain;
  readonly #wallet: Keypair;
  readonly #lastTrades = new Map<Pool, number>();

  constructor(chain: Chain, wallet: Keypair) {
    this.#chain = chain;
    this.#wallet = wallet;
  }

  /** What it needs for ever, once in the life of a chain. */
  fund(pools: readonly Pool[]): void {
    fund(this.#chain, this.#wallet.publicKey, { lamports: FEES_LAMPORTS });
    for (const pool of pools) {
      const { base, quote } = reservesOf(this.#chain, pool);
      const tokens = [
        { mint: pool.mintA, amount: base * INVENTORY },
        { mint: pool.mintB, amount: quote * INVENTORY },
      ];
      fund(this.#chain, this.#wallet.publicKey, { tokens });
    }
  }

  /** Submits the swap that brings the pool to the price, if one is due; first in its block, or when its turn comes. */
  trade(pool: Pool, price: number, place: Place = "in turn"): void {
    const reserves = reservesOf(this.#chain, pool);
    const ratio = ratioOf(price, pool.base, pool.quote);
    const { height } = this.#chain.tip;
    const away = distance(reserves, ratio);
    const lastTrade = this.#lastTrades.get(pool) ?? -Infinity;
    // One above the tip was forked away.
    const quiet = lastTrade > height || height - lastTrade >= QUIET_BLOCKS_MAX;
    if (away < NEGLIGIBLE && !quiet) return;
    const { side, amountIn } = arbitrage(reserves, ratio);
    const leg = side === "buy" ? buyLeg(pool) : sellLeg(pool);
    const signOfLife = legReserves(this.#chain, leg).reserveIn / SIGN_OF_LIFE;
    if (away >= NEGLIGIBLE) this.#swap(leg, amountIn, place);
    if (away < NEGLIGIBLE || away >= LARGE) this.#swap(leg, signOfLife, place);
    this.#lastTrades.set(pool, height);
  }

  #swap(leg: Leg, amountIn: bigint, place: Place): void {
    const user = this.#wallet.publicKey;
    const route = routeInstruction({
      user,
      input: leg.input,
      output: leg.output,
      pool: leg.pool.address,
      vaultIn: leg.vaultIn,
      vaultOut: leg.vaultOut,
      amountIn,
      quotedOut: amountReceived(leg, legReserves(this.#chain, leg), amountIn),
      slippageBps: ANY_SLIPPAGE_BPS,
    });
    const { blockhash: recentBlockhash } = this.#chain.tip;
    const message = new TransactionMessage({ payerKey: user, recentBlockhash, instructions: [route] });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([this.#wallet]);
    // Whatever befalls the network of those who trade here, the market itself goes on.
    this.#chain.submitDirectly(transaction.serialize(), place);
  }
}
