import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BONK, SOL, USDC } from "../chain/mints.ts";
import { amountOut } from "../swap-program/route.ts";
import { arbitrage, distance } from "./arbitrage.ts";
import { baseFor, priceOf, ratioOf } from "./ratio.ts";

const markets = fc.constantFrom({ base: SOL, price: 150 }, { base: BONK, price: 0.000_021 });
const moves = fc.double({ min: -0.2, max: 0.2, noNaN: true }).filter((move) => Math.abs(move) > 0.0003);
const depths = fc.bigInt(500_000_000_000n, 5_000_000_000_000n);

describe("an arbitrage", () => {
  it("leaves the pool at the price it was for, within a millionth", () => {
    fc.assert(
      fc.property(markets, moves, depths, ({ base, price }, move, quote) => {
        const before = { quote, base: baseFor(quote, ratioOf(price, base, USDC)) };
        const wanted = ratioOf(price * (1 + move), base, USDC);
        const { side, amountIn } = arbitrage(before, wanted);
        expect(side).toBe(move > 0 ? "buy" : "sell");
        const after =
          side === "buy"
            ? { quote: quote + amountIn, base: before.base - amountOut(quote, before.base, amountIn) }
            : { quote: quote - amountOut(before.base, quote, amountIn), base: before.base + amountIn };
        expect(distance(after, wanted)).toBeLessThanOrEqual(1n);
        expect(priceOf(after.quote, after.base, base, USDC) / (price * (1 + move))).toBeCloseTo(1, 5);
      }),
    );
  });
});
