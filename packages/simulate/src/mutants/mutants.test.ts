/** Each mutant must be seen, and what shows it must show nothing without it. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isCaught, showMutants } from "../show-mutants.ts";
import { MUTANTS } from "./mutants.ts";

describe("a break of the protocol is seen", () => {
  test.each(MUTANTS.map(({ name }) => name))("%s", { timeout: 120_000 }, async (name) => {
    const [shown] = await showMutants([name], 20, () => {});
    expect(shown).toSatisfy(isCaught);
  });
});

test("nothing that is deployed can reach one", () => {
  const root = fileURLToPath(new URL("../../../..", import.meta.url));
  const deployed = globSync("{functions,infra,packages/core/src}/**/*.ts", { cwd: root }).filter(
    (file) => !/\.(test|bench)\.ts$/.test(file),
  );
  expect(deployed.length).toBeGreaterThan(100);
  const reaching = deployed.filter((file) =>
    /from ".*(simulate|\/testing\/)/.test(readFileSync(`${root}/${file}`, "utf8")),
  );
  expect(reaching).toEqual([]);
});
