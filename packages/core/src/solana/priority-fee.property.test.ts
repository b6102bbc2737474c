import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNIT_LIMIT_MAX, unitLimitOf, unitPriceOf } from "./priority-fee.ts";

const CAPS = { entry: 1_000_000n, exit: 5_000_000n };
const FLOORS = { entry: 10_000n, exit: 50_000n };
const MICRO = 1_000_000n;

const kind = fc.constantFrom("entry" as const, "exit" as const);
const fee = fc.oneof(fc.constant(0n), fc.bigInt(0n, 1_000_000n), fc.bigInt(0n, 2n ** 64n - 1n));
const recent = fc.array(fee, { maxLength: 150 });
const unitLimit = fc.integer({ min: 1, max: UNIT_LIMIT_MAX });
const triesBefore = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Number.MAX_SAFE_INTEGER));

/** As the chain charges it: rounded up to a lamport. */
const feeLamports = (price: bigint, limit: number) => (price * BigInt(limit) + MICRO - 1n) / MICRO;

describe("a bid", () => {
  test("never costs more than its kind may, and is never below the floor unless that would", () => {
    fc.assert(
      fc.property(kind, recent, unitLimit, triesBefore, (kind, recent, limit, tries) => {
        const price = unitPriceOf(kind, recent, limit, tries);
        expect(feeLamports(price, limit)).toBeLessThanOrEqual(CAPS[kind]);
        const oneMore = feeLamports(price + 1n, limit);
        expect(price >= FLOORS[kind] || oneMore > CAPS[kind]).toBe(true);
      }),
    );
  });

  test("does not fall from one try to the next, and climbs up to the cap", () => {
    fc.assert(
      fc.property(kind, recent, unitLimit, fc.integer({ min: 0, max: 20 }), (kind, recent, limit, tries) => {
        const before = unitPriceOf(kind, recent, limit, tries);
        const after = unitPriceOf(kind, recent, limit, tries + 1);
        expect(after).toBeGreaterThanOrEqual(before);
        expect(after > before || feeLamports(before + 1n, limit) > CAPS[kind] || tries >= 16).toBe(true);
      }),
    );
  });

  test("of an exit is never below an entry's", () => {
    fc.assert(
      fc.property(recent, unitLimit, triesBefore, (recent, limit, tries) => {
        const entry = unitPriceOf("entry", recent, limit, tries);
        expect(unitPriceOf("exit", recent, limit, tries)).toBeGreaterThanOrEqual(entry);
      }),
    );
  });

  test("does not depend on the order in which the fees are told", () => {
    fc.assert(
      fc.property(kind, recent, unitLimit, (kind, recent, limit) => {
        expect(unitPriceOf(kind, recent.toReversed(), limit, 0)).toBe(unitPriceOf(kind, recent, limit, 0));
      }),
    );
  });

  test("follows what others pay: the middle of it to enter, nearly the most to leave", () => {
    const busy = Array.from({ length: 100 }, (_, index) => BigInt(index + 1) * 10_000n);
    expect(unitPriceOf("entry", busy, 100_000, 0)).toBe(500_000n);
    expect(unitPriceOf("exit", busy, 100_000, 0)).toBe(900_000n);
    expect(unitPriceOf("exit", busy, 100_000, 1)).toBe(1_800_000n);
    expect(unitPriceOf("exit", [0n, 0n, 0n], 100_000, 0)).toBe(FLOORS.exit);
    expect(unitPriceOf("entry", [], 100_000, 2)).toBe(40_000n);
  });
});

describe("a compute-unit limit", () => {
  test("leaves a margin and asks for no more than there is", () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 64n - 1n), (consumed) => {
        const limit = unitLimitOf(consumed);
        expect(limit).toBeLessThanOrEqual(UNIT_LIMIT_MAX);
        expect(BigInt(limit) * 5n >= consumed * 6n || limit === UNIT_LIMIT_MAX).toBe(true);
      }),
    );
    expect(unitLimitOf(100_000n)).toBe(120_000);
  });

  test("is all there is when the simulation does not say what it took", () => {
    expect(unitLimitOf(0n)).toBe(UNIT_LIMIT_MAX);
  });
});
