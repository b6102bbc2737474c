/** docs/reliability.md says what the code does. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MUTANTS } from "./mutants/mutants.ts";
import { INVARIANTS } from "./oracle/violations.ts";

const page = readFileSync(new URL("../../../docs/reliability.md", import.meta.url), "utf8");

test("every invariant stands there as it is told", () => {
  for (const [name, means] of Object.entries(INVARIANTS)) expect(page).toContain(`| \`${name}\` | ${means} |`);
});

test("every mutant stands there with what it does instead", () => {
  for (const { name, breaks } of MUTANTS) expect(page).toContain(`| \`${name}\` | ${breaks} |`);
});
