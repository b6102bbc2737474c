/** docs/firewall.md says what the code does. */
import { readFileSync } from "node:fs";
import { RULES } from "@backstop/core/solana/firewall/unsafe";
import { expect, test } from "vitest";
import { CORPUS } from "./corpus/corpus.ts";
import { STEPS_KNOWN } from "./corpus/plan.ts";
import { MUTANTS } from "./mutants/mutants.ts";

const page = readFileSync(new URL("../../../docs/firewall.md", import.meta.url), "utf8");

test("every rule stands there with what it demands, and no other", () => {
  const rows = Object.entries(RULES).map(([name, demands]) => `| \`${name}\` | ${demands} |`);
  expect(page.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
});

test("the figures are those of the corpus", () => {
  expect(page).toContain(`${CORPUS.length} benign transactions`);
  expect(page).toContain(`${MUTANTS.length} ways`);
  expect(page).toContain(`${STEPS_KNOWN} steps`);
});
