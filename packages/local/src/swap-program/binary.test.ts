import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BINARY, build, COMPILER, sourceDigest } from "./build.ts";

const hasCompiler = spawnSync(COMPILER, ["--version"]).status === 0;

describe("the committed binary", () => {
  it("was made from the committed source", () => {
    expect(readFileSync(BINARY).includes(sourceDigest())).toBe(true);
  });

  it.skipIf(!hasCompiler)("is, byte for byte, what the source compiles to", () => {
    expect(build().equals(readFileSync(BINARY))).toBe(true);
  });
});
