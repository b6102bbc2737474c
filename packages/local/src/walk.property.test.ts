import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CANDLE_SECONDS, type Candle, type Candles } from "./candles.ts";
import { priceOver, secondsOf } from "./walk.ts";

const price = fc.double({ min: 0.01, max: 1_000, noNaN: true });
const candle = fc.tuple(price, price, price, price).map(([a, b, open, close]): Omit<Candle, "time"> => {
  const [low, high] = [Math.min(a, b, open, close), Math.max(a, b, open, close)];
  return { open, high, low, close };
});
const candles = fc
  .array(candle, { minLength: 1, maxLength: 12 })
  .map((all) => all.map((each, index) => ({ ...each, time: index * CANDLE_SECONDS })) as unknown as Candles);

/** What is shown at each step from the first open to the end, with where it was. */
function walk(all: Candles, step: number): { readonly at: number; readonly price: number }[] {
  const shown = [{ at: 0, price: all[0].open }];
  for (let from = 0; from < secondsOf(all); from += step) {
    const last = shown.at(-1)?.price ?? 0;
    shown.push({ at: from + step, price: priceOver(all, from, from + step, last) });
  }
  return shown;
}

describe("a walk over candles", () => {
  it("shows open, low, high and close of a rising candle, and the high first of a falling one", () => {
    const rising: Candle = { time: 0, open: 10, low: 8, high: 16, close: 14 };
    const falling: Candle = { time: 60, open: 14, high: 20, low: 2, close: 4 };
    expect(walk([rising, falling], 10).map((each) => each.price)).toEqual([
      10, 9, 8, 12, 16, 15, 14, 17, 20, 11, 2, 3, 4,
    ]);
  });

  it("shows every high and every low when its steps are shorter than the way between them", () => {
    fc.assert(
      fc.property(candles, fc.integer({ min: 1, max: 19 }), (all, step) => {
        const shown = new Set(walk(all, step).map((each) => each.price));
        for (const { high, low } of all) expect([shown.has(high), shown.has(low)]).toEqual([true, true]);
      }),
    );
  });

  it("never shows what the candles it passed did not reach, at any step", () => {
    fc.assert(
      fc.property(candles, fc.double({ min: 0.5, max: 900, noNaN: true }), (all, step) => {
        for (const { at, price: shown } of walk(all, step)) {
          const passed = all.filter(({ time }) => time <= at && time + CANDLE_SECONDS >= at - step);
          const slack = 1e-9 * shown;
          expect(shown).toBeGreaterThanOrEqual(Math.min(...passed.map(({ low }) => low)) - slack);
          expect(shown).toBeLessThanOrEqual(Math.max(...passed.map(({ high }) => high)) + slack);
        }
      }),
    );
  });

  it("shows the bottom of a crash that is over before the next block", () => {
    const calm = (index: number): Candle => ({ time: index * 60, open: 200, high: 201, low: 199, close: 200 });
    const crash: Candle = { time: 120, open: 200, high: 200, low: 120, close: 199 };
    expect(Math.min(...walk([calm(0), calm(1), crash, calm(3)], 240).map((each) => each.price))).toBe(120);
  });
});
