import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { units } from "../../testing/given.ts";
import { bps } from "../money/bps.ts";
import { mayTryAgain, pauseAfter, slippageOf, slippageWithin, triesAtTheCap } from "./policy.ts";

const counts = fc.integer({ min: 0, max: 1_000_000 });

describe("the pause", () => {
  test("grows from two seconds to a minute, and is none before the first setback", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 100].map(pauseAfter)).toEqual([0, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test("never shrinks, is never longer than a minute, and is whole seconds, as a queue wants them", () => {
    fc.assert(
      fc.property(counts, (count) => {
        expect(pauseAfter(count + 1)).toBeGreaterThanOrEqual(pauseAfter(count));
        expect(pauseAfter(count)).toBeLessThanOrEqual(60);
        expect(Number.isInteger(pauseAfter(count))).toBe(true);
      }),
    );
  });
});

describe("the ladder", () => {
  const rungs = (kind: "entry" | "exit", upTo: number) =>
    Array.from({ length: upTo }, (_, index) => slippageOf(kind, index + 1));

  test("of an exit climbs to a fifth and stays there", () => {
    expect(rungs("exit", 7)).toEqual([50, 100, 300, 800, 2000, 2000, 2000]);
  });

  test("of an entry ends at a hundredth, after two attempts", () => {
    expect(rungs("entry", 3)).toEqual([50, 100, 100]);
    expect([0, 1, 2, 3].map((made) => mayTryAgain("entry", made))).toEqual([true, true, false, false]);
  });

  test("has no last attempt for an exit", () => {
    fc.assert(fc.property(counts, (made) => mayTryAgain("exit", made)));
  });

  test("counts what came after its end", () => {
    expect([0, 4, 5, 6, 9].map((tries) => triesAtTheCap("exit", tries))).toEqual([0, 0, 0, 1, 4]);
    expect([1, 2, 3].map((tries) => triesAtTheCap("entry", tries))).toEqual([0, 0, 1]);
  });
});

describe("slippage within a minimum", () => {
  test("is what was meant where the minimum allows it", () => {
    expect(slippageWithin(bps(50), units(1_000), null)).toBe(50);
    expect(slippageWithin(bps(50), units(1_000), units(900))).toBe(50);
  });

  test("is what the minimum leaves of it", () => {
    expect(slippageWithin(bps(100), units(1_000), units(995))).toBe(50);
    expect(slippageWithin(bps(100), units(1_000), units(1_000))).toBe(0);
  });

  test("is none where the quote is below it", () => {
    expect(slippageWithin(bps(100), units(1_000), units(1_001))).toBeNull();
  });

  test("keeps every minimum that the quote reaches", () => {
    const amounts = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(amounts, amounts, fc.integer({ min: 0, max: 2_000 }), (one, other, meant) => {
        const [minimum, quoted] = one < other ? [one, other] : [other, one];
        const slippage = slippageWithin(bps(meant), units(quoted), units(minimum)) ?? expect.unreachable();
        expect(slippage).toBeLessThanOrEqual(meant);
        expect((quoted * BigInt(10_000 - slippage)) / 10_000n >= minimum).toBe(true);
      }),
    );
  });
});
