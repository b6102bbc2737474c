import { describe, expect, it } from "vitest";
import { uiTokenAmount } from "./token-balance.ts";

describe("a token amount in words", () => {
  it.each([
    [0n, 6, "0"],
    [5n, 6, "0.000005"],
    [1_000_000n, 6, "1"],
    [1_200_000n, 6, "1.2"],
    [12n, 0, "12"],
    [18_446_744_073_709_551_615n, 9, "18446744073.709551615"],
  ])("writes %s with %s decimals as %s", (amount, decimals, uiAmountString) => {
    expect(uiTokenAmount(amount, decimals)).toMatchObject({ amount: amount.toString(), decimals, uiAmountString });
  });
});
