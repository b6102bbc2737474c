/** What an exit may spend, whatever the wallet, the position and the others hold. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { AMOUNT_MAX, amount } from "../money/amount.ts";
import { bps } from "../money/bps.ts";
import { NO_FILLS } from "../position/position.ts";
import { halvesOf, roomFor, worthOf } from "./exit.ts";
import { floorOf } from "./floor.ts";

const amounts = fc.bigInt({ min: 0n, max: AMOUNT_MAX }).map(amount);
const some = fc.bigInt({ min: 1n, max: AMOUNT_MAX }).map(amount);
/** Around each other, where the answers part. */
const near = fc.record({
  planned: fc.bigInt({ min: 1n, max: 10_000n }).map(amount),
  held: fc.bigInt({ min: 0n, max: 10_000n }).map(amount),
  balance: fc.bigInt({ min: 0n, max: 20_000n }).map(amount),
  heldByOthers: fc.bigInt({ min: 0n, max: 20_000n }),
});
const far = fc.record({ planned: some, held: amounts, balance: amounts, heldByOthers: amounts });
const wallets = fc.oneof(near, far);
const sides = fc.constantFrom("buy" as const, "sell" as const);
const prices = fc.double({ min: 0.000_001, max: 1_000_000, noNaN: true }).map(Given.price);

describe("the room for an exit", () => {
  test("is never more than its position holds, nor than the wallet has besides what others hold", () => {
    fc.assert(
      fc.property(wallets, ({ planned, held, balance, heldByOthers }) => {
        const room = roomFor(planned, held, balance, { heldByOthers, unfinished: false });
        if (room.type === "enough") {
          expect(planned <= held).toBe(true);
          expect(planned + heldByOthers <= balance).toBe(true);
        }
        if (room.type !== "cut") return;
        expect(room.amountIn <= held).toBe(true);
        // What was planned above what is held is cut to that first, and then judged against the wallet.
        if (planned <= held) expect(room.amountIn + heldByOthers <= balance).toBe(true);
      }),
    );
  });

  test("is never more than the wallet while something is in flight, and nothing is called missing then", () => {
    fc.assert(
      fc.property(wallets, ({ planned, held, balance, heldByOthers }) => {
        const room = roomFor(planned, held, balance, { heldByOthers, unfinished: true });
        expect(["enough", "unknown"]).toContain(room.type);
        expect(room.type === "enough").toBe(planned <= held && planned <= balance);
      }),
    );
  });

  test("of a cut exit accounts for every base unit, and for a hundredth at most as missing", () => {
    fc.assert(
      fc.property(wallets, ({ planned, held, balance, heldByOthers }) => {
        const room = roomFor(planned, held, balance, { heldByOthers, unfinished: false });
        if (room.type !== "cut") return;
        if (planned > held) {
          expect(room).toEqual({ type: "cut", amountIn: held, missing: 0n });
          return;
        }
        expect(room.amountIn + room.missing).toBe(planned);
        expect(room.amountIn > 0n).toBe(true);
        expect(room.missing > 0n).toBe(true);
        expect(room.missing * 100n <= planned).toBe(true);
      }),
    );
  });

  test("is for what is there where more than a hundredth is gone, and for nothing where less than that is left", () => {
    fc.assert(
      fc.property(wallets, ({ planned, held, balance, heldByOthers }) => {
        fc.pre(planned <= held);
        const room = roomFor(planned, held, balance, { heldByOthers, unfinished: false });
        const free = balance - heldByOthers;
        const isGone = free <= 0n || (planned - free) * 100n > planned;
        if (!isGone) expect(["enough", "cut"]).toContain(room.type);
        else if (free * 100n >= planned) expect(room).toEqual({ type: "part", amountIn: free });
        else expect(room).toEqual({ type: "short", available: free });
      }),
    );
  });
});

test("halves are exactly the whole, and none is nothing where there are two base units", () => {
  fc.assert(
    fc.property(some, (whole) => {
      const [first, second] = halvesOf(whole);
      expect(first + second).toBe(whole);
      expect(second - first === 0n || second - first === 1n).toBe(true);
      if (whole > 1n) expect(first > 0n).toBe(true);
    }),
  );
});

test("the floor is what is fair less the fraction given up, on both sides, and never above it", () => {
  fc.assert(
    fc.property(some, sides, prices, fc.integer({ min: 100, max: 9_500 }), (amountIn, side, accepted, off) => {
      const floor = floorOf(amountIn, side, accepted, bps(off), Given.SOL_USDC);
      const scale = 10 ** (Given.SOL_USDC.quoteDecimals - Given.SOL_USDC.baseDecimals);
      const fair = side === "sell" ? Number(amountIn) * accepted * scale : Number(amountIn) / (accepted * scale);
      const expected = fair * (1 - off / 10_000);
      // Two roundings down of what floats carry to fifteen digits.
      expect(Number(floor)).toBeLessThanOrEqual(expected * (1 + 1e-12) + 1e-6);
      expect(Number(floor)).toBeGreaterThanOrEqual(expected * (1 - 1e-12) - 2);
    }),
  );
});

test("the worth of a part is never more than that of the whole", () => {
  const totals = fc.record({ entryIn: some, entryOut: some }).map((filled) => ({ ...NO_FILLS, ...filled }));
  const accepted = fc.option(prices, { nil: null });
  fc.assert(
    fc.property(some, some, sides, totals, accepted, (one, other, side, entered, price) => {
      const [part, whole] = one < other ? [one, other] : [other, one];
      const worth = (held: bigint) => worthOf(held, side, entered, price, Given.SOL_USDC);
      expect(worth(part) <= worth(whole)).toBe(true);
      expect(worth(0n)).toBe(0n);
    }),
  );
});
