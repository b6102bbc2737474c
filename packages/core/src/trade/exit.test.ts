import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { bps } from "../money/bps.ts";
import { NO_FILLS } from "../position/position.ts";
import { halvesOf, roomFor, worthOf } from "./exit.ts";
import { floorOf } from "./floor.ts";

const { units, price, SOL_USDC } = Given;
const alone = { heldByOthers: 0n, unfinished: false };

describe("the room for an exit of 1000", () => {
  const room = (balance: number, heldByOthers = 0n, unfinished = false) =>
    roomFor(units(1_000), units(1_000), units(balance), { heldByOthers, unfinished });

  test("is enough where it is there", () => {
    expect(room(1_000)).toEqual({ type: "enough" });
    expect(room(1_500, 500n)).toEqual({ type: "enough" });
  });

  test("is what there is where a hundredth is missing", () => {
    expect(room(999)).toEqual({ type: "cut", amountIn: 999n, missing: 1n });
    expect(room(990)).toEqual({ type: "cut", amountIn: 990n, missing: 10n });
    expect(room(1_490, 500n)).toEqual({ type: "cut", amountIn: 990n, missing: 10n });
  });

  test("is for a part where more is missing, and too little where hardly any of it is there", () => {
    expect(room(989)).toEqual({ type: "part", amountIn: 989n });
    expect(room(10)).toEqual({ type: "part", amountIn: 10n });
    expect(room(9)).toEqual({ type: "short", available: 9n });
    expect(room(1_000, 1_500n)).toEqual({ type: "short", available: -500n });
  });

  test("is not judged by what others hold while something is in flight", () => {
    expect(room(1_000, 500n, true)).toEqual({ type: "enough" });
    expect(room(999, 0n, true)).toEqual({ type: "unknown" });
  });
});

test.each([
  [2, 1, "part"],
  [99, 98, "part"],
  [100, 99, "cut"],
  [199, 198, "cut"],
  [199, 197, "part"],
  [200, 198, "cut"],
])("an exit of %i is made of a wallet of %i, or not, to the base unit: %s", (planned, balance, type) => {
  expect(roomFor(units(planned), units(planned), units(balance), alone).type).toBe(type);
});

test("an exit of more than its position holds is cut to that, and nothing is missing", () => {
  expect(roomFor(units(1_000), units(600), units(1_000), alone)).toEqual({ type: "cut", amountIn: 600n, missing: 0n });
  expect(roomFor(units(1_000), units(0), units(1_000), alone)).toEqual({ type: "cut", amountIn: 0n, missing: 0n });
});

test("nothing is left to cut of a wallet that is empty", () => {
  expect(roomFor(units(1), units(1), units(0), alone)).toEqual({ type: "short", available: 0n });
});

test("the second half has the odd base unit", () => {
  expect(halvesOf(units(7))).toEqual([3n, 4n]);
  expect(halvesOf(units(8))).toEqual([4n, 4n]);
});

test("a SOL at 150 may be sold for 75 and no less, where half of it is the floor", () => {
  expect(floorOf(units(1_000_000_000), "sell", price(150), bps(5_000), SOL_USDC)).toBe(75_000_000n);
});

test("150 USDC at 150 buy back half a SOL and no less, where half of it is the floor", () => {
  expect(floorOf(units(150_000_000), "buy", price(150), bps(5_000), SOL_USDC)).toBe(500_000_000n);
});

describe("what is held", () => {
  const totals = { ...NO_FILLS, entryIn: units(120_000_000), entryOut: units(1_000_000_000) };

  test("is worth the accepted price", () => {
    expect(worthOf(500_000_000n, "buy", totals, price(150), SOL_USDC)).toBe(75_000_000n);
  });

  test("is worth what it cost while no price is known", () => {
    expect(worthOf(500_000_000n, "buy", totals, null, SOL_USDC)).toBe(60_000_000n);
    expect(worthOf(500_000_000n, "buy", NO_FILLS, null, SOL_USDC)).toBe(0n);
  });

  test("of a sell is quote already", () => {
    expect(worthOf(60_000_000n, "sell", totals, price(150), SOL_USDC)).toBe(60_000_000n);
  });
});
