import { describe, expect, test } from "vitest";
import { FakeClock, fakeLog } from "../../testing/fakes.ts";
import { AT, SOL_USDC } from "../../testing/given.ts";
import type { AcceptedPrice, Observation } from "./accepted.ts";
import { type CurrentPriceDeps, currentPrice } from "./current.ts";

function deps(base: number | null, quote: number | null, remember?: CurrentPriceDeps["watched"]["rememberPrices"]) {
  const remembered = new Map<string, AcceptedPrice>();
  const said = (usdPrice: number | null): [] | [Observation] =>
    usdPrice === null ? [] : [{ usdPrice, blockId: null }];
  const log = fakeLog();
  const all: CurrentPriceDeps = {
    clock: new FakeClock(),
    log,
    markets: [SOL_USDC],
    priceSource: {
      name: "test",
      fetch: async () =>
        new Map([
          ...said(base).map((each) => [SOL_USDC.baseMint, each] as const),
          ...said(quote).map((each) => [SOL_USDC.quoteMint, each] as const),
        ]),
    },
    watched: {
      rememberPrices:
        remember ?? (async (prices) => prices.forEach((each, symbol) => void remembered.set(symbol, each))),
    },
  };
  return { all, remembered, log };
}

describe("the current price", () => {
  test("is base in USD over quote in USD, and remembered", async () => {
    const { all, remembered } = deps(150, 0.5);
    expect(await currentPrice(all, SOL_USDC)).toEqual({ price: 300, at: AT, source: "test" });
    expect(remembered.get("SOL/USDC")?.price).toBe(300);
  });

  test.each([
    [null, 1],
    [150, null],
    [0, 1],
    [150, 0],
    [-1, 1],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
  ])("of %d over %d is unknown, never zero", async (base, quote) => {
    await expect(currentPrice(deps(base, quote).all, SOL_USDC)).rejects.toMatchObject({
      code: "PRICE_UNAVAILABLE",
      context: { symbol: "SOL/USDC" },
    });
  });

  test("does not depend on being remembered", async () => {
    const { all, log } = deps(150, 1, () => Promise.reject(new Error("Redis is away")));
    expect((await currentPrice(all, SOL_USDC)).price).toBe(150);
    expect(log.lines).toEqual(["prices_not_remembered"]);
  });
});
