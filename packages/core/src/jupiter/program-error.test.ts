import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ERRORS } from "../error.ts";
import { failureOf, JUPITER_ERRORS, JUPITER_PROGRAM } from "./program-error.ts";

const WHIRLPOOL = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc";
const TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const SYSTEM = "11111111111111111111111111111111";

const custom = (number: number): string => JSON.stringify({ InstructionError: [3, { Custom: number }] });
const hex = (number: number): string => `0x${number.toString(16)}`;

/** The logs of a swap in which `programs`, the innermost last, fail one after the other with `reason`. */
function logsOf(reason: string, ...programs: readonly string[]): string[] {
  return [
    "Program ComputeBudget111111111111111111111111111111 invoke [1]",
    "Program ComputeBudget111111111111111111111111111111 success",
    ...programs.map((program, depth) => `Program ${program} invoke [${depth + 1}]`),
    "Program log: AnchorError occurred. Error Code: SlippageToleranceExceeded. Error Number: 6001.",
    `Program ${programs.at(-1)} consumed 4645 of 1399850 compute units`,
    ...programs.toReversed().map((program) => `Program ${program} failed: ${reason}`),
  ];
}

describe("an error of Jupiter's program", () => {
  test.each(Object.entries(JUPITER_ERRORS))("%s has a name, a kind and one of our codes", (number, known) => {
    const code = Number(number);
    const failure = failureOf(custom(code), logsOf(`custom program error: ${hex(code)}`, JUPITER_PROGRAM));
    expect(failure).toMatchObject({ ...known, custom: code, program: JUPITER_PROGRAM });
    expect(ERRORS[failure.code].title).not.toBe("");
    expect(failure.message).toBe(`Jupiter's program failed with ${known.name} (${hex(code)})`);
  });

  test("is in the table from 6000 to 6026, each under a name of its own", () => {
    expect(Object.keys(JUPITER_ERRORS).map(Number)).toEqual(Array.from({ length: 27 }, (_, index) => 6_000 + index));
    expect(new Set(Object.values(JUPITER_ERRORS).map(({ name }) => name)).size).toBe(27);
  });

  test.each([
    [6001, "slippage", "TRANSACTION_FAILED"],
    [6008, "accounts", "TRANSACTION_FAILED"],
    [6014, "accounts", "TRANSACTION_FAILED"],
    [6017, "slippage", "TRANSACTION_FAILED"],
    [6024, "funds", "INSUFFICIENT_FUNDS"],
    [6025, "accounts", "TRANSACTION_FAILED"],
    [6027, "other", "TRANSACTION_FAILED"],
  ])("%i is told as %s", (number, kind, code) => {
    const logs = logsOf(`custom program error: ${hex(number)}`, JUPITER_PROGRAM);
    expect(failureOf(custom(number), logs)).toMatchObject({ kind, code });
  });
});

describe("an error of an exchange in the route", () => {
  test("is never read in Jupiter's table, whatever its number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (number) => {
        const logs = logsOf(`custom program error: ${hex(number)}`, JUPITER_PROGRAM, WHIRLPOOL);
        expect(failureOf(custom(number), logs)).toMatchObject({
          kind: "route",
          program: WHIRLPOOL,
          custom: number,
          name: `Custom(${number})`,
        });
      }),
    );
  });

  test("without a number of its own is the route's all the same", () => {
    const error = JSON.stringify({ InstructionError: [3, "InvalidAccountData"] });
    const logs = logsOf("invalid account data for instruction", JUPITER_PROGRAM, WHIRLPOOL);
    expect(failureOf(error, logs)).toMatchObject({ kind: "route", program: WHIRLPOOL, custom: null });
  });

  test("that ran out of the compute units we gave is not", () => {
    const error = JSON.stringify({ InstructionError: [3, "ProgramFailedToComplete"] });
    const logs = logsOf("exceeded CUs meter at BPF instruction", JUPITER_PROGRAM, WHIRLPOOL);
    expect(failureOf(error, logs).kind).toBe("other");
  });
});

describe("an error of another program", () => {
  test("0x1 of SPL Token, however deep, is a lack of funds", () => {
    const logs = logsOf("custom program error: 0x1", JUPITER_PROGRAM, WHIRLPOOL, TOKEN);
    expect(failureOf(custom(1), logs)).toMatchObject({
      kind: "funds",
      code: "INSUFFICIENT_FUNDS",
      program: TOKEN,
      name: "InsufficientFunds",
      message: `program ${TOKEN} failed with InsufficientFunds (0x1)`,
    });
  });

  test("0x11 of SPL Token is an account that is frozen", () => {
    expect(failureOf(custom(17), logsOf("custom program error: 0x11", JUPITER_PROGRAM, TOKEN))).toMatchObject({
      kind: "accounts",
      name: "AccountFrozen",
    });
  });

  test("0x1 of the system program is a lack of lamports", () => {
    expect(failureOf(custom(1), logsOf("custom program error: 0x1", SYSTEM)).kind).toBe("funds");
  });
});

test("a number without logs that say whose it is means nothing", () => {
  for (const logs of [[], ["Log truncated"], ["Program log: failed: custom program error: 0x1771"]]) {
    expect(failureOf(custom(6_001), logs)).toMatchObject({ kind: "other", program: null, custom: 6_001 });
  }
});

test.each([
  ['"BlockhashNotFound"', "other", "BlockhashNotFound"],
  ['"InsufficientFundsForFee"', "funds", "InsufficientFundsForFee"],
  ['{"InsufficientFundsForRent":{"account_index":0}}', "funds", "InsufficientFundsForRent"],
  ['"AddressLookupTableNotFound"', "accounts", "AddressLookupTableNotFound"],
  ['{"InstructionError":[2,"NotEnoughAccountKeys"]}', "accounts", "NotEnoughAccountKeys"],
  ['{"InstructionError":[0,"ComputationalBudgetExceeded"]}', "other", "ComputationalBudgetExceeded"],
  ['{"InstructionError":[2,{"BorshIoError":"x"}]}', "other", "BorshIoError"],
  ["no JSON at all", "other", "no JSON at all"],
  ["null", "other", "null"],
  ["{}", "other", "unknown"],
  ['"toString"', "other", "toString"],
])("the chain's own %s is told as %s", (error, kind, name) => {
  expect(failureOf(error, [])).toEqual({
    kind,
    code: kind === "funds" ? "INSUFFICIENT_FUNDS" : "TRANSACTION_FAILED",
    program: null,
    custom: null,
    name,
    message: `the transaction failed with ${name}`,
  });
});

test("whatever comes, an answer is given", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), fc.array(fc.string()), (error, logs) => {
      expect(failureOf(error, logs).message).not.toBe("");
    }),
  );
});
