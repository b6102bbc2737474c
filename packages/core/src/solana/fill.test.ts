import { describe, expect, test } from "vitest";
import { SOL_USDC } from "../../testing/given.ts";
import { WRAPPED_SOL } from "../market/mint.ts";
import { fillOf, type LandedTransaction } from "./fill.ts";

const { quoteMint: USDC, baseMint: SOL } = SOL_USDC;

const landed = (over: Partial<LandedTransaction> = {}): LandedTransaction => ({
  slot: 1_000n,
  error: null,
  feeLamports: 6_000n,
  accounts: ["us", "our USDC", "our SOL", "vault"],
  preLamports: [5_000_000n, 2_039_280n, 2_039_280n, 2_039_280n],
  postLamports: [4_994_000n, 2_039_280n, 2_039_280n, 2_039_280n],
  preTokens: [
    { index: 1, mint: USDC, owner: "us", amount: 150_000_000n },
    { index: 2, mint: SOL, owner: "us", amount: 7n },
    { index: 3, mint: SOL, owner: "pool", amount: 1_000_000_000n },
  ],
  postTokens: [
    { index: 1, mint: USDC, owner: "us", amount: 50_000_000n },
    { index: 2, mint: SOL, owner: "us", amount: 665_000_007n },
    { index: 3, mint: SOL, owner: "pool", amount: 335_000_000n },
  ],
  ...over,
});

describe("a fill", () => {
  test("is what our own balances of the two mints moved", () => {
    expect(fillOf(landed(), "us", USDC, SOL)).toEqual({
      amountIn: 100_000_000n,
      amountOut: 665_000_000n,
      feeLamports: 6_000n,
      rentLamports: 0n,
      slot: 1_000n,
    });
  });

  test("counts an account without an entry before as new, and one without an entry after as closed", () => {
    const { preTokens, postTokens } = landed();
    const opened = landed({ preTokens: preTokens.filter((balance) => balance.index !== 2) });
    expect(fillOf(opened, "us", USDC, SOL).amountOut).toBe(665_000_007n);
    const closed = landed({ postTokens: postTokens.filter((balance) => balance.index !== 1) });
    expect(fillOf(closed, "us", USDC, SOL).amountIn).toBe(150_000_000n);
  });

  test("adds up the accounts of one mint", () => {
    const { preTokens, postTokens } = landed();
    const two = landed({
      preTokens: [...preTokens, { index: 4, mint: USDC, owner: "us", amount: 9n }],
      postTokens: [...postTokens, { index: 4, mint: USDC, owner: "us", amount: 4n }],
    });
    expect(fillOf(two, "us", USDC, SOL).amountIn).toBe(100_000_005n);
  });

  test("keeps the rent of a new account apart, without the SOL that is wrapped in it", () => {
    const opened = landed({
      preLamports: [5_000_000n, 2_039_280n, 0n, 2_039_280n],
      postLamports: [2_954_720n, 2_039_280n, 2_039_280n + 665_000_007n, 2_039_280n],
      preTokens: landed().preTokens.filter((balance) => balance.index !== 2),
    });
    expect(SOL).toBe(WRAPPED_SOL);
    expect(fillOf(opened, "us", USDC, SOL).rentLamports).toBe(2_039_280n);
  });

  test("of a transaction that failed there is none", () => {
    expect(() => fillOf(landed({ error: "{}" }), "us", USDC, SOL)).toThrow("has no fill");
  });

  test("the wrong way round there is none", () => {
    expect(() => fillOf(landed(), "us", SOL, USDC)).toThrow(RangeError);
  });
});
