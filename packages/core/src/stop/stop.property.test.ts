import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { armed, price, SOL_USDC } from "../../testing/given.ts";
import { bps } from "../money/bps.ts";
import { Book } from "./book.ts";
import { type ArmedStop, checkStop, type Stop, triggerPrice } from "./stop.ts";

const anyPrice = fc.double({ min: 1e-6, max: 1e6, noNaN: true }).map(price);
const path = fc.array(fc.double({ min: 50, max: 200, noNaN: true }).map(price), { minLength: 1, maxLength: 60 });
const trailing = fc
  .integer({ min: 1, max: 9_999 })
  .map((distance): Stop => ({ kind: "trailing", distanceBps: bps(distance) }));
const anyStop: fc.Arbitrary<Stop> = fc.oneof(
  trailing,
  fc.double({ min: 50, max: 150, noNaN: true }).map((level): Stop => ({ kind: "fixed", price: price(level) })),
);

const level = (rule: ArmedStop): number => triggerPrice(rule) ?? expect.unreachable("the stop is active");

const held = (book: Book): ArmedStop => book.get(1) ?? expect.unreachable("the stop is in the book");

describe("a stop of a buy, along any path", () => {
  test("never falls", () => {
    fc.assert(
      fc.property(anyStop, path, (stop, prices) => {
        const book = new Book();
        book.apply({ type: "arm", armed: armed({ stop }) });
        let before = level(held(book));
        for (const accepted of prices) {
          book.tick(SOL_USDC.symbol, accepted);
          const after = level(held(book));
          expect(after).toBeGreaterThanOrEqual(before);
          before = after;
        }
      }),
    );
  });

  test("fires on the first accepted price at or beyond it, and not before", () => {
    fc.assert(
      fc.property(anyStop, path, (stop, prices) => {
        const book = new Book();
        book.apply({ type: "arm", armed: armed({ stop }) });
        const fired = prices.findIndex((accepted) => book.tick(SOL_USDC.symbol, accepted).fired.length > 0);
        // The same rule told without a book: the level is that of the best price so far, this one included.
        const expected = prices.findIndex((accepted, index) => {
          const best = price(Math.max(100, ...prices.slice(0, index + 1)));
          const level = stop.kind === "fixed" ? stop.price : (best * (10_000 - stop.distanceBps)) / 10_000;
          return accepted <= level;
        });
        expect(fired).toBe(expected);
      }),
    );
  });

  test("fires however far below it a gap goes", () => {
    fc.assert(
      fc.property(anyStop, fc.double({ min: 1e-9, max: 1, noNaN: true }), (stop, depth) => {
        const book = new Book();
        book.apply({ type: "arm", armed: armed({ stop }) });
        const gap = price(level(armed({ stop })) * depth);
        expect(book.tick(SOL_USDC.symbol, gap).fired).toHaveLength(1);
      }),
    );
  });
});

describe("the book", () => {
  test("leaves other markets alone", () => {
    const book = new Book();
    book.apply({ type: "arm", armed: armed() });
    expect(book.tick("JUP/USDC", price(1e-6))).toEqual({ fired: [], raised: [] });
  });

  test("takes changes in any order and number: the highest version wins, and a mark never falls", () => {
    const changes = [1, 2, 3].flatMap((version) => [
      { type: "arm" as const, armed: armed({ version, highWaterMark: price(100 + version) }) },
      { type: "arm" as const, armed: armed({ version, highWaterMark: price(90) }) },
    ]);
    fc.assert(
      fc.property(fc.shuffledSubarray([...changes, ...changes], { minLength: 12, maxLength: 12 }), (order) => {
        const book = new Book();
        for (const change of order) book.apply(change);
        expect(held(book)).toMatchObject({ version: 3, highWaterMark: 103 });
      }),
    );
  });

  test("does not take back a stop that was disarmed at its version or later", () => {
    const book = new Book();
    book.apply({ type: "disarm", positionId: 1, version: 2 });
    book.apply({ type: "arm", armed: armed({ version: 2 }) });
    expect(book.size).toBe(0);
    book.apply({ type: "arm", armed: armed({ version: 3 }) });
    book.apply({ type: "disarm", positionId: 1, version: 2 });
    expect(book.size).toBe(1);
  });

  test("reports a stop as fired until it is removed", () => {
    const book = new Book();
    book.apply({ type: "arm", armed: armed() });
    expect(book.tick(SOL_USDC.symbol, price(90)).fired).toHaveLength(1);
    expect(book.tick(SOL_USDC.symbol, price(90)).fired).toHaveLength(1);
    book.apply({ type: "disarm", positionId: 1, version: 1 });
    expect(book.tick(SOL_USDC.symbol, price(90)).fired).toHaveLength(0);
  });
});

describe("a rule's level", () => {
  const limits = { minDistanceBps: bps(100), maxDistanceBps: bps(2_000) };
  const check = (stop: Stop) => () => checkStop(stop, "buy", price(100), limits);
  const fixed = (level: number): Stop => ({ kind: "fixed", price: price(level) });

  test.each([80, 95, 99])("%d is allowed at a price of 100", (level) => {
    expect(check(fixed(level))).not.toThrow();
  });

  test.each([
    [100, "already breached"],
    [120, "already breached"],
    [99.5, "too near"],
    [70, "too far"],
  ])("%d at a price of 100 is %s, with both numbers", (level, why) => {
    expect(check(fixed(level))).toThrow(new RegExp(`${level} is ${why}: the price is 100`));
  });

  test.each([50, 3_000])("a trailing distance of %d bps is outside the limits", (distance) => {
    expect(check({ kind: "trailing", distanceBps: bps(distance) })).toThrow("a stop stands 0.01 to 0.2 below it");
  });

  test("is never allowed where it would fire at once", () => {
    fc.assert(
      fc.property(anyPrice, anyPrice, (level, current) => {
        fc.pre(level >= current);
        expect(() => checkStop({ kind: "fixed", price: level }, "buy", current, limits)).toThrow("already breached");
      }),
    );
  });
});
