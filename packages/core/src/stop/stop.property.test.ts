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

describe.each(["buy", "sell"] as const)("a stop of a %s, along any path", (side) => {
  /** What is better for the position is worse for the stop: up for a buy, down for a sell. */
  const better = (a: number, b: number): boolean => (side === "buy" ? a >= b : a <= b);
  const best = (...prices: number[]): number => (side === "buy" ? Math.max(...prices) : Math.min(...prices));
  const activated = fc
    .tuple(trailing, fc.integer({ min: 1, max: 2_000 }))
    .map(([stop, activation]): Stop => (stop.kind === "trailing" ? { ...stop, activationBps: bps(activation) } : stop));
  const rules = fc.oneof(anyStop, activated);
  const bookWith = (stop: Stop): Book => {
    const book = new Book();
    book.apply({ type: "arm", armed: armed({ side, stop }) });
    return book;
  };

  test("never moves back", () => {
    fc.assert(
      fc.property(rules, path, (stop, prices) => {
        const book = bookWith(stop);
        let before = triggerPrice(held(book));
        for (const accepted of prices) {
          book.tick(SOL_USDC.symbol, accepted);
          const after = triggerPrice(held(book));
          if (before !== null) expect(after !== null && better(after, before)).toBe(true);
          before = after;
        }
      }),
    );
  });

  test("fires on the first accepted price at or beyond it, and not before", () => {
    fc.assert(
      fc.property(rules, path, (stop, prices) => {
        const book = bookWith(stop);
        const fired = prices.findIndex((accepted) => book.tick(SOL_USDC.symbol, accepted).fired.length > 0);
        // The same rule told without a book: the level is that of the best price so far, this one included.
        const [away, towards] = side === "buy" ? [-1, 1] : [1, -1];
        const expected = prices.findIndex((accepted, index) => {
          if (stop.kind === "fixed") return better(stop.price, accepted);
          const mark = best(100, ...prices.slice(0, index + 1));
          const wakes = (100 * (10_000 + towards * (stop.activationBps ?? 0))) / 10_000;
          if (stop.activationBps !== undefined && !better(mark, wakes)) return false;
          return better((mark * (10_000 + away * stop.distanceBps)) / 10_000, accepted);
        });
        expect(fired).toBe(expected);
      }),
    );
  });

  test("fires however far beyond it a gap goes", () => {
    fc.assert(
      fc.property(anyStop, fc.double({ min: 1e-9, max: 1, noNaN: true }), (stop, depth) => {
        const at = level(armed({ side, stop }));
        const gap = price(side === "buy" ? at * depth : at / depth);
        expect(bookWith(stop).tick(SOL_USDC.symbol, gap).fired).toHaveLength(1);
      }),
    );
  });

  test("moves only inside its limits: at any price, what is allowed is allowed by its distance alone", () => {
    const limits = { minDistanceBps: bps(100), maxDistanceBps: bps(2_000) };
    fc.assert(
      fc.property(anyPrice, fc.integer({ min: -5_000, max: 5_000 }), (current, distance) => {
        const away = (current * (side === "buy" ? 10_000 - distance : 10_000 + distance)) / 10_000;
        const check = () => checkStop({ kind: "fixed", price: price(away) }, side, current, limits);
        if (distance >= 100 && distance <= 2_000) expect(check).not.toThrow();
        else expect(check).toThrow(distance <= 0 ? "already breached" : distance < 100 ? "too near" : "too far");
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
