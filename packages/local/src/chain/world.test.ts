import { describe, expect, it } from "vitest";
import { lastSwap } from "../venue/last-swap.ts";
import { reservesOf } from "../venue/pool.ts";
import { priceOf } from "../venue/ratio.ts";
import { deliverToNextBlock } from "./deliver.ts";
import { SOL, USDC } from "./mints.ts";
import { World } from "./world.ts";

const SYMBOL = "SOL/USDC";

const openWorld = (seed: string, deliver = deliverToNextBlock): World =>
  new World({
    seed,
    deliver,
    markets: [{ symbol: SYMBOL, base: SOL, quote: USDC, price: 150, quoteDepth: 1_000_000_000_000n }],
  });

/** The price of the last swap after each of so many blocks: what somebody who only reads the chain sees. */
function observe(world: World, blocks: number): number[] {
  return Array.from({ length: blocks }, () => {
    world.produceBlock();
    return world.pools.map((pool) => lastSwap(world.chain, pool)?.price ?? 0)[0] ?? 0;
  });
}

describe("a world", () => {
  it("begins with a finalized block that is behind its tip, and with a price", () => {
    const { chain, pools } = openWorld("begin");
    expect(chain.tip.height - chain.ledger.at("finalized").height).toBe(31);
    expect(pools.map((pool) => lastSwap(chain, pool))).toMatchObject([{ price: expect.closeTo(150, -1) }]);
  });

  it("is the same for the same seed, block by block", () => {
    const [one, other] = [openWorld("same"), openWorld("same")];
    for (const world of [one, other]) world.beginStory(SYMBOL, "buy", 20);
    expect(observe(one, 30)).toEqual(observe(other, 30));
    expect(one.chain.tip.blockhash).toBe(other.chain.tip.blockhash);
  });

  it("keeps the pool at its reference price", () => {
    const world = openWorld("reference");
    world.beginStory(SYMBOL, "buy", 40);
    for (let block = 0; block < 60; block += 1) {
      world.produceBlock();
      for (const pool of world.pools) {
        const { quote, base } = reservesOf(world.chain, pool);
        const price = priceOf(quote, base, pool.base, pool.quote);
        expect(Math.abs(price / world.referencePrice(SYMBOL) - 1)).toBeLessThan(0.0003);
      }
    }
  });

  it.each(["a", "b", "c", "d", "e", "f"])(
    "lets a trailing stop of 3 percent survive the rise and hit it in the fall: seed %s",
    (seed) => {
      const world = openWorld(seed);
      const calm = observe(world, 10);
      world.beginStory(SYMBOL, "buy");
      const told = observe(world, 70);
      const peak = told.indexOf(Math.max(...told));
      let high = Math.max(...calm);
      for (const price of told.slice(0, peak)) {
        high = Math.max(high, price);
        expect(price).toBeGreaterThan(high * 0.97);
      }
      expect(told[peak]).toBeGreaterThan(high);
      expect(Math.min(...told.slice(peak))).toBeLessThan((told[peak] ?? 0) * 0.95);
    },
  );

  it("goes on trading while the network loses what its customers send", () => {
    const world = openWorld("lost", () => []);
    expect(lastSwap(world.chain, world.pools[0] ?? expect.unreachable("It has a pool."))).toBeDefined();
  });

  it("tells the rest of a story from where its price was moved to", () => {
    const [one, moved] = [openWorld("moved"), openWorld("moved")];
    for (const world of [one, moved]) {
      world.beginStory(SYMBOL, "buy", 20);
      for (let block = 0; block < 5; block += 1) world.produceBlock();
    }
    moved.movePrice(SYMBOL, 1.5);
    for (let block = 0; block < 40; block += 1) {
      for (const world of [one, moved]) world.produceBlock();
      expect(moved.referencePrice(SYMBOL) / one.referencePrice(SYMBOL)).toBeCloseTo(1.5, 9);
    }
  });

  it("knows its markets", () => {
    expect(() => openWorld("markets").beginStory("SOL/EUR", "buy")).toThrow("SOL/EUR");
  });
});
