import { Keypair } from "@solana/web3.js";
import { beforeEach, describe, expect, it } from "vitest";
import { Chain } from "../chain/chain.ts";
import { createMints } from "../chain/genesis.ts";
import { MINTS, SOL, USDC } from "../chain/mints.ts";
import { Arbitrageur } from "./arbitrageur.ts";
import { lastSwap } from "./last-swap.ts";
import { createPools, type Pool, reservesOf } from "./pool.ts";
import { priceOf } from "./ratio.ts";

let chain: Chain;
let pool: Pool;
let arbitrageur: Arbitrageur;

beforeEach(() => {
  chain = new Chain({ seed: "arbitrageur" });
  createMints(chain, MINTS);
  const [created] = createPools(chain, [
    { symbol: "SOL/USDC", base: SOL, quote: USDC, price: 150, quoteDepth: 1_000_000_000_000n },
  ]);
  if (created === undefined) throw new Error("The pool was listed.");
  pool = created;
  arbitrageur = new Arbitrageur(chain, Keypair.generate());
  arbitrageur.fund([pool]);
});

const poolPrice = (): number => {
  const { quote, base } = reservesOf(chain, pool);
  return priceOf(quote, base, SOL, USDC);
};

/** How many swaps there were in each of so many blocks at that price. */
const swaps = (price: number, blocks: number): number[] =>
  Array.from({ length: blocks }, () => {
    arbitrageur.trade(pool, price);
    return chain.produceBlock().transactions.filter(({ error }) => error === null).length;
  });

describe("the arbitrageur", () => {
  it("leaves the pool alone while its price is near, but for a sign of life every five blocks", () => {
    const before = poolPrice();
    expect(swaps(150.01, 11)).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    expect(poolPrice() / before).toBeCloseTo(1, 3);
  });

  it("gives its sign of life also after a fork took the last one", () => {
    swaps(150, 9);
    chain.rollback(8);
    expect(swaps(150, 1)).toEqual([1]);
  });

  it("moves the pool to a price that is away", () => {
    expect(swaps(150.3, 1)).toEqual([1]);
    expect(poolPrice()).toBeCloseTo(150.3, 3);
  });

  it("lets the last swap tell the new price after a jump, and not the mean of both", () => {
    expect(swaps(138, 1)).toEqual([2]);
    expect((lastSwap(chain, pool)?.price ?? 0) / 138).toBeCloseTo(1, 2);
  });

  it.each([-0.7, -0.3, 0.4, 1.5])("follows a market that moved by %d of its price between two blocks", (move) => {
    const price = 150 * (1 + move);
    swaps(price, 1);
    expect(poolPrice() / price).toBeCloseTo(1, 3);
    expect((lastSwap(chain, pool)?.price ?? 0) / price).toBeCloseTo(1, 2);
  });
});
