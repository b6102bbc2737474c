import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bps, bpsFromFraction, less } from "./bps.ts";
import { formatPrice, parsePrice, price, priceOf, valueAt } from "./price.ts";

const SOL_USDC = { baseDecimals: 9, quoteDecimals: 6 };

describe("prices", () => {
  test("are written as the shortest decimal that reads back, never with an exponent", () => {
    expect(formatPrice(1e-7)).toBe("0.0000001");
    expect(formatPrice(1.5e21)).toBe("1500000000000000000000");
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (value) => {
        const text = formatPrice(value);
        expect(text).not.toMatch(/e/);
        expect(Number(text)).toBe(value);
      }),
    );
  });

  test.each(["0", "-1", "1e5", "", "NaN", "Infinity", "1.2.3"])("%j is none", (text) => {
    expect(() => parsePrice(text)).toThrow(RangeError);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("%d is none", (value) => {
    expect(() => price(value)).toThrow("is not a price");
  });

  test("come from two amounts by their decimals", () => {
    expect(priceOf(150_000_000n, 1_000_000_000n, SOL_USDC)).toBe(150);
    expect(valueAt(2_000_000_000n, price(150), SOL_USDC)).toBe(300_000_000n);
  });
});

describe("basis points", () => {
  test("are whole numbers from 0 to 10 000", () => {
    expect(bpsFromFraction(0.03)).toBe(300);
    expect(bpsFromFraction(0.29)).toBe(2900);
    expect(() => bpsFromFraction(0.00001)).toThrow("finer than one basis point");
    expect(() => bps(10_001)).toThrow("0 to 10000");
    expect(() => bps(0.5)).toThrow("0 to 10000");
  });

  test("taken off an amount round down", () => {
    expect(less(1_000_001n, bps(50))).toBe(995_000n);
  });
});
