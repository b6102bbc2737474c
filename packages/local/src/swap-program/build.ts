// Compiles swap.c and links it: `npm exec -- node packages/local/src/swap-program/build.ts`.
// Only who changes swap.c needs a compiler (Debian: apt-get install clang-14); the binary is committed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { link } from "./link.ts";

export const SOURCE = new URL("swap.c", import.meta.url);
export const BINARY = new URL("swap.so", import.meta.url);

// The version is part of the recipe: another clang makes other bytes.
export const COMPILER = "clang-14";

// v2 is the newest instruction set sBPF v0 accepts (v3 has 32-bit jumps); the rest keeps everything
// the loader cannot take (jump tables, unwind sections, library calls) out of the object.
const FLAGS = [
  ...["-target", "bpf", "-mcpu=v2", "-O2", "-ffreestanding", "-fno-builtin", "-fno-jump-tables"],
  ...["-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror"],
];

export const sourceDigest = (): string =>
  `swap.c sha256:${createHash("sha256").update(readFileSync(SOURCE)).digest("hex")}`;

export function build(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "swap-program-"));
  try {
    const object = join(directory, "swap.o");
    const run = spawnSync(COMPILER, [...FLAGS, "-c", SOURCE.pathname, "-o", object], { encoding: "utf8" });
    if (run.error !== undefined) throw run.error;
    if (run.status !== 0) throw new Error(run.stderr);
    return link(readFileSync(object), sourceDigest());
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (import.meta.main) writeFileSync(BINARY, build());
