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
  logs: [],
  ...over,
});

describe("a fill", () => {
  test("is what our own balances of the two mints moved", () => {
    expect(fillOf(landed(), "us", USDC, SOL)).toEqual({
      amountIn: 100_000_000n,
      amountOut: 665_000_000n,
      feeLamports: 6_000n,
      rentLamports: 0n,
      tipLamports: 0n,
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

  test("is net of a fee that the token withholds on its way", () => {
    const { postTokens } = landed();
    const withheld = postTokens.map((balance) =>
      balance.index === 2 ? { ...balance, amount: balance.amount - 6_650_000n } : balance,
    );
    expect(fillOf(landed({ postTokens: withheld }), "us", USDC, SOL).amountOut).toBe(658_350_000n);
  });

  test("of a transaction that failed there is none", () => {
    expect(() => fillOf(landed({ error: "{}" }), "us", USDC, SOL)).toThrow("has no fill");
  });

  test("the wrong way round there is none", () => {
    expect(() => fillOf(landed(), "us", SOL, USDC)).toThrow(RangeError);
  });

  test("of a transaction that is not ours there is none", () => {
    expect(() => fillOf(landed({ accounts: ["you", "our USDC", "our SOL", "vault"] }), "us", USDC, SOL)).toThrow(
      "does not name the wallet us",
    );
  });
});

describe("the lamports of a fill", () => {
  const RENT = 2_039_280n;
  /** Our account of SOL is opened by the transaction; `paidLamports` leave the wallet besides the fee. */
  const opening = (paidLamports: bigint, over: Partial<LandedTransaction> = {}) =>
    landed({
      preLamports: [5_000_000n, RENT, 0n, RENT],
      postLamports: [5_000_000n - 6_000n - paidLamports, RENT, RENT + 665_000_007n, RENT],
      preTokens: landed().preTokens.filter((balance) => balance.index !== 2),
      ...over,
    });
  const lamportsOf = (transaction: LandedTransaction) => {
    const { feeLamports, rentLamports, tipLamports } = fillOf(transaction, "us", USDC, SOL);
    return { feeLamports, rentLamports, tipLamports };
  };

  test("keep the rent of a new account apart, without the SOL that is wrapped in it", () => {
    expect(SOL).toBe(WRAPPED_SOL);
    expect(lamportsOf(opening(RENT))).toEqual({ feeLamports: 6_000n, rentLamports: RENT, tipLamports: 0n });
  });

  test("count what leaves the wallet besides fee and rent as a tip", () => {
    expect(lamportsOf(opening(RENT + 1_000n))).toMatchObject({ rentLamports: RENT, tipLamports: 1_000n });
    const tipped = landed({ postLamports: [4_993_000n, RENT, RENT, RENT] });
    expect(lamportsOf(tipped)).toMatchObject({ rentLamports: 0n, tipLamports: 1_000n });
  });

  test("count a tip as one also when its receiver had nothing before", () => {
    const accounts = ["us", "our USDC", "our SOL", "vault", "tipped"];
    const transaction = landed({
      accounts,
      preLamports: [5_000_000n, RENT, RENT, RENT, 0n],
      postLamports: [3_994_000n, RENT, RENT, RENT, 1_000_000n],
    });
    expect(lamportsOf(transaction)).toMatchObject({ rentLamports: 0n, tipLamports: 1_000_000n });
  });

  test("do not count the rent that somebody else paid, for us or for themselves", () => {
    expect(lamportsOf(opening(0n))).toMatchObject({ rentLamports: 0n, tipLamports: 0n });
    const theirs = landed({
      preLamports: [5_000_000n, RENT, RENT, 0n],
      preTokens: landed().preTokens.filter((balance) => balance.index !== 3),
    });
    expect(lamportsOf(theirs)).toMatchObject({ rentLamports: 0n, tipLamports: 0n });
  });

  test("count the rent that we paid for somebody else as gone", () => {
    const theirs = landed({
      preLamports: [5_000_000n, RENT, RENT, 0n],
      postLamports: [5_000_000n - 6_000n - RENT, RENT, RENT, RENT + 335_000_000n],
      preTokens: landed().preTokens.filter((balance) => balance.index !== 3),
    });
    expect(lamportsOf(theirs)).toMatchObject({ rentLamports: 0n, tipLamports: RENT });
  });

  test("count only the rent that was missing, where somebody had sent lamports to the address", () => {
    const dust = 100_000n;
    const opened = opening(RENT - dust, { preLamports: [5_000_000n, RENT, dust, RENT] });
    expect(lamportsOf(opened)).toMatchObject({ rentLamports: RENT - dust, tipLamports: 0n });
  });

  test("find the tip also where an account is closed and its rent comes back", () => {
    const closed = landed({
      postLamports: [5_000_000n - 6_000n - 1_000n + RENT, 0n, RENT, RENT],
      postTokens: landed().postTokens.filter((balance) => balance.index !== 1),
    });
    expect(lamportsOf(closed)).toMatchObject({ rentLamports: 0n, tipLamports: 1_000n });
    const gained = landed({ postLamports: [6_000_000n, RENT, RENT, RENT] });
    expect(lamportsOf(gained)).toMatchObject({ rentLamports: 0n, tipLamports: 0n });
  });
});
