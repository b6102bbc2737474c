import type { Verdict } from "@backstop/core/solana/firewall/firewall";
import { RULES, type Rule } from "@backstop/core/solana/firewall/unsafe";
import { describe, expect, it } from "vitest";
import type { Mutant } from "./mutants/mutant.ts";
import { report, table, wrongIn } from "./report.ts";
import type { Tally } from "./run.ts";

const SAFE: Verdict = { type: "safe", held: 1n };

const unsafe = (rule: Rule): Verdict => ({ type: "unsafe", rule, reason: `it breaks ${rule}` });

/** A mutant for each rule. */
const MUTANTS = (Object.keys(RULES) as readonly Rule[]).map(
  (rule): Mutant => ({ name: `breaks-${rule}`, does: `breaks ${rule}`, by: [rule], of: () => null }),
);

const GOOD: Tally = {
  benign: [{ specimen: "a swap", verdict: SAFE }],
  spoiled: MUTANTS.map((mutant) => ({ mutant, specimen: "a swap", verdict: unsafe(mutant.by[0] ?? "message") })),
};

const [first, ...rest] = GOOD.spoiled;

describe("the report", () => {
  it("counts", () => {
    const { byRule, ...told } = report(GOOD, 1.25);
    expect(told).toEqual({
      benignAccepted: "1/1",
      mutantsRejected: `${MUTANTS.length}/${MUTANTS.length}`,
      seconds: 1.3,
    });
    expect(Object.values(byRule)).toEqual(MUTANTS.map(() => 1));
    expect(wrongIn(GOOD, MUTANTS)).toEqual([]);
  });

  it("tells what is wrong", () => {
    if (!first) throw new Error("there is no rule");
    const wrong = (tally: Partial<Tally>) => wrongIn({ ...GOOD, ...tally }, MUTANTS);
    const { mutant } = first;
    expect(wrong({ benign: [{ specimen: "a swap", verdict: unsafe("tip") }] })).toEqual([
      "BENIGN, BUT REFUSED: a swap: tip: it breaks tip",
    ]);
    expect(wrong({ spoiled: [{ ...first, verdict: SAFE }, ...rest] })).toEqual([
      'ACCEPTED: breaks-message, in "a swap": safe',
      "REFUSES NOTHING: message",
    ]);
    expect(wrong({ spoiled: [...GOOD.spoiled, { ...first, verdict: unsafe("tip") }] })).toEqual([
      'REFUSED FOR SOMETHING ELSE: breaks-message, in "a swap": tip: it breaks tip',
    ]);
    expect(wrong({ spoiled: rest })).toEqual([`IN NO SPECIMEN: ${mutant.name}`, "REFUSES NOTHING: message"]);
  });

  it("shows each mutant with its rule and the reason", () => {
    const told = table(GOOD.spoiled.slice(0, 1));
    expect(told).toBe("breaks-message  breaks message\n                message, 1 of 1: it breaks message");
  });
});
