import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../chain/random.ts";
import { ReferencePrice, STORY_BLOCKS, story } from "./market.ts";

const seeds = fc.string({ minLength: 1, maxLength: 12 });
// From a short story for a test to a slow one; the shape may not depend on it.
const lengths = fc.oneof(fc.constant(STORY_BLOCKS), fc.integer({ min: 10, max: 400 }));

const peakOf = (prices: readonly number[]): number => prices.indexOf(Math.max(...prices));

describe("a story", () => {
  it("rises by at least 2 % and then falls by at least 6 % of its peak, for every seed", () => {
    fc.assert(
      fc.property(seeds, lengths, (seed, blocks) => {
        const prices = story("buy", blocks, randomFrom(seed));
        const peak = Math.max(...prices);
        const trough = Math.min(...prices.slice(peakOf(prices)));
        expect(prices).toHaveLength(blocks);
        expect(peak).toBeGreaterThanOrEqual(1.02);
        expect(peak).toBeLessThan(1.06);
        expect(trough / peak).toBeLessThanOrEqual(0.94);
        expect(trough / peak).toBeGreaterThan(0.9);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never dips 2.5 % from its high before the peak, for every seed", () => {
    fc.assert(
      fc.property(seeds, lengths, (seed, blocks) => {
        const prices = story("buy", blocks, randomFrom(seed));
        let high = 1;
        for (const price of prices.slice(0, peakOf(prices))) {
          high = Math.max(high, price);
          expect(price).toBeGreaterThan(high * 0.975);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is mirrored for who sold: down by 2 %, not 2.6 % up from its low before the bottom, then up by more than 5 %", () => {
    fc.assert(
      fc.property(seeds, lengths, (seed, blocks) => {
        const prices = story("sell", blocks, randomFrom(seed));
        const bottom = Math.min(...prices);
        const turn = prices.indexOf(bottom);
        expect(bottom).toBeLessThanOrEqual(0.98);
        expect(Math.max(...prices.slice(turn)) / bottom).toBeGreaterThan(1.06);
        let low = 1;
        for (const price of prices.slice(0, turn)) {
          low = Math.min(low, price);
          expect(price).toBeLessThan(low * 1.026);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is noisy and jumps: some steps go against it and some are large", () => {
    const steps = Array.from({ length: 50 }, (_, seed) =>
      story("buy", STORY_BLOCKS, randomFrom(`story ${seed}`)),
    ).flatMap((prices) => prices.slice(1, STORY_BLOCKS / 2).map((price, index) => price / (prices[index] ?? 1) - 1));
    expect(steps.filter((step) => step < -0.001).length).toBeGreaterThan(steps.length / 20);
    expect(Math.max(...steps)).toBeGreaterThan(0.02);
  });
});

describe("a reference price", () => {
  it("stays near its start until it is told to begin", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const reference = new ReferencePrice(150, randomFrom(seed));
        for (let block = 0; block < 300; block += 1) {
          const price = reference.next();
          expect(Math.abs(price / 150 - 1)).toBeLessThan(0.0021);
        }
      }),
    );
  });

  it("tells its story from where it is", () => {
    const reference = new ReferencePrice(150, randomFrom("begin"));
    for (let block = 0; block < 25; block += 1) reference.next();
    const start = reference.price;
    reference.begin("buy", 40);
    const prices = Array.from({ length: 40 }, () => reference.next());
    expect(Math.max(...prices) / start).toBeGreaterThanOrEqual(1.02);
    expect(Math.min(...prices.slice(peakOf(prices))) / Math.max(...prices)).toBeLessThanOrEqual(0.94);
  });

  it("walks on after its end, within sane bounds", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const reference = new ReferencePrice(0.000_02, randomFrom(seed));
        reference.begin("buy");
        for (let block = 0; block < STORY_BLOCKS; block += 1) reference.next();
        const end = reference.price;
        const prices = Array.from({ length: 10_000 }, () => reference.next());
        expect(Math.min(...prices)).toBeGreaterThan(end * 0.8);
        expect(Math.max(...prices)).toBeLessThan(end * 1.25);
        const mean = prices.reduce((sum, price) => sum + price, 0) / prices.length;
        expect(Math.abs(mean / end - 1)).toBeLessThan(0.014);
        expect(new Set(prices).size).toBeGreaterThan(9_000);
      }),
      { numRuns: 30 },
    );
  });
});
