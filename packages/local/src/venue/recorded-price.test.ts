import { describe, expect, it } from "vitest";
import type { Candles } from "../candles.ts";
import { RecordedPrice } from "./recorded-price.ts";

const CANDLES: Candles = [
  { time: 0, open: 100, high: 130, low: 90, close: 120 },
  { time: 60, open: 120, high: 121, low: 60, close: 70 },
];

const next = (price: RecordedPrice, blocks: number) => Array.from({ length: blocks }, () => price.next());

describe("a recorded price", () => {
  it("stands at the first open, then follows the candles, then stands at the last close", () => {
    const price = new RecordedPrice(CANDLES, 20);
    expect(next(price, 3)).toEqual([100, 100, 100]);
    expect(price.stage).toBe("waiting");
    price.begin();
    expect(next(price, 5)).toEqual([90, 130, 120, 121, 60]);
    expect(price.stage).toBe("telling");
    expect(next(price, 3)).toEqual([70, 70, 70]);
    expect(price.stage).toBe("over");
  });

  it("takes as many blocks as the file lasts at its speed", () => {
    for (const [secondsPerBlock, blocks] of [
      [24, 5],
      [0.4, 300],
      [1_000, 1],
    ] as const) {
      const price = new RecordedPrice(CANDLES, secondsPerBlock);
      price.begin();
      next(price, blocks - 1);
      expect(price.stage).toBe("telling");
      next(price, 1);
      expect(price.stage).toBe("over");
    }
  });

  it("goes on from where it was moved to, also in another run", () => {
    const price = new RecordedPrice(CANDLES, 20);
    price.move(2);
    expect(next(price, 1)).toEqual([200]);
    price.begin();
    expect(next(price, 2)).toEqual([180, 260]);
    price.move(0.5);
    price.move(0.5);
    const again = new RecordedPrice(CANDLES, 20, price.kept());
    expect(again.price).toBe(65);
    expect(next(again, 4)).toEqual([60, 60.5, 30, 35]);
  });
});
