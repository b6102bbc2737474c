import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { type Attempt, currentOf, triesOf } from "./attempt.ts";

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
