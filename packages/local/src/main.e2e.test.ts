/** What is wrong on the command line ends with 2 and one line, before anything is booted. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), "main-"));
  writeFileSync(path.join(directory, "gap.csv"), "time,open,high,low,close,volume\n0,1,1,1,1,1\n120,1,1,1,1,1\n");
  writeFileSync(path.join(directory, "letter.txt"), "Dear");
});
afterAll(() => rmSync(directory, { recursive: true }));

const main = (...args: string[]) =>
  spawnSync(process.execPath, [MAIN, "--once", ...args], { encoding: "utf8", cwd: directory });

describe("a command line that cannot be carried out", () => {
  test.each([
    [["--size", "much"], '--size takes a decimal number above zero such as 100 or 0.25, not "much"\n'],
    [["--prices", "gap.csv"], "gap.csv line 3: time 120 leaves a gap: 60 comes next, 60 s after the line before\n"],
    [["--data", "."], "--data .: it holds other files, and no state of a local run\n"],
  ])("%s ends with 2 and one line", (args, line) => {
    const { status, stdout, stderr } = main(...args);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: line });
  });
});
