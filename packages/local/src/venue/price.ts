// Prices in USD, each priced outward from USDC along the pools; what never traded has none.

import type { Chain } from "../chain/chain.ts";
import { type KnownMint, USDC } from "../chain/mints.ts";
import { lastSwap } from "./last-swap.ts";
import { type Pool, reservesOf } from "./pool.ts";

// A stable coin is not 1: whoever takes it for 1 is wrong by 3 bps here.
const USDC_IN_USD = 0.9997;

export const PRICE_IDS_MAX = 50; // Jupiter's own

export interface PriceAnswer {
  readonly createdAt: null;
  readonly liquidity: number;
  readonly usdPrice: number;
  readonly blockId: number;
  readonly decimals: number;
  readonly priceChange24h: null;
}

interface Known {
  readonly mint: KnownMint;
  readonly usdPrice: number;
  readonly blockId: number;
}

/** USDC has an oracle of its own, so its price is as new as the chain. */
function usdPrices(chain: Chain, pools: readonly Pool[]): Map<string, Known> {
  const known = new Map<string, Known>();
  known.set(USDC.address.toBase58(), { mint: USDC, usdPrice: USDC_IN_USD, blockId: chain.tip.slot });
  let before: number;
  do {
    before = known.size;
    for (const pool of pools) {
      const quote = known.get(pool.mintB.toBase58());
      if (quote === undefined || known.has(pool.mintA.toBase58())) continue;
      const swap = lastSwap(chain, pool);
      if (swap === undefined) continue;
      const usdPrice = swap.price * quote.usdPrice;
      known.set(pool.mintA.toBase58(), { mint: pool.base, usdPrice, blockId: swap.slot });
    }
  } while (known.size > before);
  return known;
}

/** What the pools of a mint hold of it, both sides being worth the same. */
function liquidity(chain: Chain, pools: readonly Pool[], { mint, usdPrice }: Known): number {
  return pools.reduce((total, pool) => {
    const { base, quote } = reservesOf(chain, pool);
    if (pool.mintA.equals(mint.address)) return total + (2 * Number(base) * usdPrice) / 10 ** mint.decimals;
    if (pool.mintB.equals(mint.address)) return total + (2 * Number(quote) * usdPrice) / 10 ** mint.decimals;
    return total;
  }, 0);
}

/** A mint without a price is absent. */
export function prices(chain: Chain, pools: readonly Pool[], ids: readonly string[]): Record<string, PriceAnswer> {
  const known = usdPrices(chain, pools);
  const answers = ids.flatMap((id): [string, PriceAnswer][] => {
    const price = known.get(id);
    if (price === undefined) return [];
    const { mint, usdPrice, blockId } = price;
    const found = { usdPrice, blockId, decimals: mint.decimals, liquidity: liquidity(chain, pools, price) };
    return [[id, { ...found, createdAt: null, priceChange24h: null }]];
  });
  return Object.fromEntries(answers);
}
