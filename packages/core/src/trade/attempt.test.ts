import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { type Attempt, currentOf, quarantinedIn, triesOf } from "./attempt.ts";

const numbered = (number: number, attempt: Attempt): Attempt => ({ ...attempt, number });
const refused = (number: number, cause: "slippage" | "funds"): Attempt => ({
  ...Given.attempt("abandoned"),
  status: "abandoned",
  number,
  refusal: { error: "no", cause },
});

describe("the attempt that matters", () => {
  test("is the one that is not over, also when a later one is: it landed late", () => {
    const attempts = [numbered(1, Given.attempt("landed")), numbered(2, Given.attempt("expired"))];
    expect(currentOf(attempts)).toMatchObject({ number: 1, status: "landed" });
  });

  test("is the last one when all are over, and none when there is none", () => {
    const attempts = [numbered(1, Given.attempt("errored")), numbered(2, Given.attempt("expired"))];
    expect(currentOf(attempts)).toMatchObject({ number: 2 });
    expect(currentOf([])).toBeUndefined();
  });
});

describe("a try", () => {
  test("is what could have landed, or was held back because the price had moved", () => {
    const attempts = [refused(1, "funds"), refused(2, "slippage"), numbered(3, Given.attempt("expired"))];
    expect(triesOf(0, attempts)).toBe(2);
    expect(triesOf(3, attempts)).toBe(5);
  });
});

describe("the exchanges that are left out", () => {
  const unsafe = (number: number, route: readonly string[], draftedAt = Given.AT): Attempt => ({
    ...Given.attempt("abandoned"),
    status: "abandoned",
    number,
    route,
    draftedAt,
    refusal: { error: "tip: it pays somebody else", cause: "unsafe" },
  });
  const later = (seconds: number) => new Date(Given.AT.getTime() + seconds * 1_000);

  test("are those of transactions that were not safe, each once, for ten minutes", () => {
    const attempts = [unsafe(1, ["Orca", "Raydium"]), unsafe(2, ["Orca", "Meteora"], later(60))];
    expect(quarantinedIn(attempts, later(61))).toEqual(["Orca", "Raydium", "Meteora"]);
    expect(quarantinedIn(attempts, later(600))).toEqual(["Orca", "Meteora"]);
    expect(quarantinedIn(attempts, later(660))).toEqual([]);
  });

  test("are none for whatever else went wrong", () => {
    const slipped = { ...unsafe(1, ["Orca"]), refusal: { error: "6001", cause: "slippage" } } as Attempt;
    expect(quarantinedIn([slipped, Given.attempt("expired"), Given.attempt("errored")], later(1))).toEqual([]);
  });
});
