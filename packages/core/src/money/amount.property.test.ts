import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AMOUNT_MAX, add, amount, formatAmount, mulDiv, parseAmount, subtract } from "./amount.ts";

const anyAmount = fc.bigInt({ min: 0n, max: AMOUNT_MAX }).map(amount);
const decimals = fc.integer({ min: 0, max: 9 });

describe("amounts", () => {
  test("are read back as they were written, whatever the decimals", () => {
    fc.assert(
      fc.property(anyAmount, decimals, (value, places) => parseAmount(formatAmount(value, places), places) === value),
    );
  });

  test("are read without a float: 2.01 SOL is 2 010 000 000 lamports", () => {
    expect(parseAmount("2.01", 9)).toBe(2_010_000_000n);
    expect(parseAmount("18446744073709551615", 0)).toBe(AMOUNT_MAX);
  });

  test.each([
    ["1e3", 6],
    ["-1", 6],
    ["", 6],
    [".5", 6],
    ["1.", 6],
    ["0x10", 6],
    ["1.0000001", 6],
    ["18446744073709551616", 0],
    ["NaN", 6],
    [" 1", 6],
  ])("refuse %j with %i decimals", (text, places) => {
    expect(() => parseAmount(text, places)).toThrow(RangeError);
  });

  test("never leave 0 to 2⁶⁴ − 1", () => {
    expect(() => add(amount(AMOUNT_MAX), amount(1n))).toThrow("is not an amount");
    expect(() => subtract(amount(1n), amount(2n))).toThrow("is not an amount");
    expect(formatAmount(-1_500_000n, 6)).toBe("-1.5");
  });

  test("are divided towards the side that is named", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -AMOUNT_MAX, max: AMOUNT_MAX }),
        anyAmount,
        fc.bigInt({ min: 1n, max: AMOUNT_MAX }),
        (a, b, divisor) => {
          const down = mulDiv(a, b, divisor, "down");
          const up = mulDiv(a, b, divisor, "up");
          expect(down * divisor).toBeLessThanOrEqual(a * b);
          expect(up * divisor).toBeGreaterThanOrEqual(a * b);
          expect(up - down).toBe((a * b) % divisor === 0n ? 0n : 1n);
        },
      ),
    );
  });
});
