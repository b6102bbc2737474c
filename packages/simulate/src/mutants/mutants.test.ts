/** Each mutant must be seen, and what shows it must show nothing without it. */
import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { isCaught, type Shown } from "../show-mutants.ts";
import { MUTANTS } from "./mutants.ts";

describe("a break of the protocol is seen", () => {
  let shown: readonly Shown[] = [];

  // As a person runs them, which takes a third of the time that they take in here.
  beforeAll(async () => {
    const main = fileURLToPath(new URL("../main.ts", import.meta.url));
    const run = spawn(process.execPath, [main, "--mutants", "--json"], { stdio: ["ignore", "pipe", "ignore"] });
    shown = ((await json(run.stdout)) as { readonly shown: readonly Shown[] }).shown;
  }, 240_000);

  test.each(MUTANTS.map(({ name }) => name))("%s", (name) => {
    expect(shown.find((each) => each.name === name)).toSatisfy(isCaught);
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
