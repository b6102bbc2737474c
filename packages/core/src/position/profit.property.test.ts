import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fill, price, SOL_USDC, units } from "../../testing/given.ts";
import { type Amount, mulDiv } from "../money/amount.ts";
import { book, held, NO_FILLS, type Totals } from "./position.ts";
import { costOfExits, entryPrice, exitPrice, quantity, realizedPnl, realizedPnlBase, unrealizedPnl } from "./profit.ts";

const units64 = (max: bigint) => fc.bigInt({ min: 1n, max }).map(units);
const MILLION_USDC = 10n ** 12n;
const BILLION_SOL = 10n ** 18n;

/** A position's fills: what entered, and exits that together spend all of it. */
const life = fc
  .record({
    spent: units64(MILLION_USDC),
    bought: units64(BILLION_SOL),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
    proceeds: fc.array(units64(MILLION_USDC), { minLength: 6, maxLength: 6 }),
    fees: fc.array(units64(10_000_000n), { minLength: 7, maxLength: 7 }),
  })
  .map(({ spent, bought, cuts, proceeds, fees }) => {
    const marks = [...cuts.map((cut) => BigInt(Math.floor(Number(bought) * cut))), 0n, bought].sort((a, b) =>
      a < b ? -1 : 1,
    );
    const sold = marks.flatMap((mark, index) => {
      const part = mark - (marks[index - 1] ?? 0n);
      return part > 0n && mark <= bought ? [units(part)] : [];
    });
    return { spent, bought, sold, proceeds, fees };
  });

function totalsOf({
  spent,
  bought,
  sold,
  proceeds,
  fees,
}: typeof life extends fc.Arbitrary<infer Life> ? Life : never): Totals {
  const fee = (index: number): Amount => fees[index] ?? units(1);
  const entered = book(NO_FILLS, "entry", fill({ amountIn: spent, amountOut: bought }), fee(0));
  return sold.reduce(
    (totals, part, index) =>
      book(totals, "exit", fill({ amountIn: part, amountOut: proceeds[index] ?? units(1) }), fee(index + 1)),
    entered,
  );
}

const buy = (totals: Totals) => ({ side: "buy" as const, totals });

describe("profit and loss of a closed position", () => {
  test("is what the wallet gained: proceeds, less cost, less fees, however many exits it took", () => {
    fc.assert(
      fc.property(life, (fills) => {
        const totals = totalsOf(fills);
        expect(held(totals)).toBe(0n);
        // The wallet as a purse: what goes out and comes in, in quote.
        let purse = -fills.spent - (fills.fees[0] ?? 0n);
        for (const index of fills.sold.keys()) purse += (fills.proceeds[index] ?? 0n) - (fills.fees[index + 1] ?? 0n);
        expect(realizedPnl(buy(totals))).toBe(purse);
        expect(unrealizedPnl(buy(totals), price(150), SOL_USDC)).toBe(0n);
      }),
    );
  });

  test("is unknown, not smaller, when the value of one fee is", () => {
    const entered = book(NO_FILLS, "entry", fill(), null);
    expect(realizedPnl(buy(book(entered, "exit", fill({ amountIn: units(665_000_000) }), units(1))))).toBeNull();
  });
});

describe("an open position", () => {
  const totals = book(
    NO_FILLS,
    "entry",
    fill({ amountIn: units(150_000_000), amountOut: units(1_000_000_000) }),
    units(900),
  );

  test("has its average entry, its fees realised and the rest unrealised", () => {
    expect(entryPrice(buy(totals), SOL_USDC)).toBe(150);
    expect(exitPrice(buy(totals), SOL_USDC)).toBeNull();
    expect(realizedPnl(buy(totals))).toBe(-900n);
    expect(unrealizedPnl(buy(totals), price(160), SOL_USDC)).toBe(10_000_000n);
  });

  test("splits cost between what left and what stays, and loses none of it", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1_000_000_000n }), (part) => {
        const after = book(totals, "exit", fill({ amountIn: units(part), amountOut: units(1) }), units(0));
        expect(costOfExits(after)).toBe(mulDiv(150_000_000n, part, 1_000_000_000n, "up"));
        expect(costOfExits(after)).toBeLessThanOrEqual(after.entryIn);
      }),
    );
  });

  test("cannot be left by more than entered it", () => {
    expect(() => book(totals, "exit", fill({ amountIn: units(1_000_000_001) }), units(0))).toThrow(
      "more than the 1000000000 held",
    );
  });
});

describe("side sell", () => {
  const sell = (totals: Totals) => ({ side: "sell" as const, totals });

  test("gains in base exactly what its fills moved, and in quote that at the exit's own price, less fees", () => {
    fc.assert(
      fc.property(life, (fills) => {
        // The same life mirrored: base is sold, the proceeds are what exits spend.
        const totals = totalsOf(fills);
        let purse = -fills.spent;
        for (const index of fills.sold.keys()) purse += fills.proceeds[index] ?? 0n;
        expect(realizedPnlBase(sell(totals))).toBe(purse);
        expect(quantity(sell(totals))).toBe(0n);
        const fees = totals.feesQuote ?? expect.unreachable();
        const inQuote = (realizedPnl(sell(totals)) ?? expect.unreachable()) + fees;
        // Rounded down from base at proceeds over base bought.
        expect(inQuote * totals.exitOut).toBeLessThanOrEqual(purse * totals.exitIn);
        expect((inQuote + 1n) * totals.exitOut).toBeGreaterThan(purse * totals.exitIn);
      }),
    );
  });

  test("gains when the price falls: 1 SOL sold at 150 and bought back at 100", () => {
    const sold = book(
      NO_FILLS,
      "entry",
      fill({ amountIn: units(1_000_000_000), amountOut: units(150_000_000) }),
      units(900),
    );
    expect(entryPrice(sell(sold), SOL_USDC)).toBe(150);
    expect(quantity(sell(sold))).toBe(1_000_000_000n);
    expect(unrealizedPnl(sell(sold), price(140), SOL_USDC)).toBe(10_000_000n);
    expect(realizedPnl(sell(sold))).toBe(-900n);
    const back = book(
      sold,
      "exit",
      fill({ amountIn: units(150_000_000), amountOut: units(1_500_000_000) }),
      units(900),
    );
    expect(exitPrice(sell(back), SOL_USDC)).toBe(100);
    expect(realizedPnlBase(sell(back))).toBe(500_000_000n);
    expect(realizedPnl(sell(back))).toBe(50_000_000n - 1_800n);
  });
});
