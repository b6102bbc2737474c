/** The rules that keep core honest, each shown failing once on code that breaks it, in a copy of this project's layout. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const copy = mkdtempSync(`${tmpdir()}/backstop-lint-`);
for (const name of ["biome.json", ".oxlintrc.json", "tsconfig.json", "lint"])
  cpSync(ROOT + name, `${copy}/${name}`, { recursive: true });
symlinkSync(`${ROOT}node_modules`, `${copy}/node_modules`);
mkdirSync(`${copy}/packages/core/src`, { recursive: true });
afterAll(() => rmSync(copy, { recursive: true }));

const FILE = "packages/core/src/sample.ts";

function lint(program: "biome" | "oxlint", code: string): { ok: boolean; said: string } {
  writeFileSync(`${copy}/${FILE}`, code);
  const args = program === "biome" ? ["lint", "--vcs-enabled=false", FILE] : ["--type-aware", FILE];
  const { status, stdout, stderr } = spawnSync(`${ROOT}node_modules/.bin/${program}`, args, {
    cwd: copy,
    encoding: "utf8",
  });
  return { ok: status === 0, said: stdout + stderr };
}

describe("in core", () => {
  test.each([
    ["the clock", "export const at = Date.now();", "take it as an argument"],
    ["the clock, as an object", "export const at = new Date();", "take it as an argument"],
    ["randomness", "export const dice = Math.random();", "take it as an argument"],
    ["randomness, taken apart", "export const { random } = Math;", "take it as an argument"],
    ["the global crypto", "export const id = crypto.randomUUID();", "take it as an argument"],
    ["a deadline of its own", "export const signal = AbortSignal.timeout(5);", "take it as an argument"],
    ["the environment", "export const url = process.env['URL'];", "take it as an argument"],
    ["a way around", "export const now = globalThis.performance;", "take it as an argument"],
    ["a timer", "export const t = setTimeout(() => {}, 1);", "Take a Clock."],
    ["another clock", "export const t = performance.now();", "Take a Clock."],
    [
      "a timer that is imported",
      'import { setTimeout as sleep } from "node:timers/promises";\nexport const t = sleep;',
      "Take a Clock.",
    ],
  ])("%s is refused", (_, code, why) => {
    const { ok, said } = lint("biome", code);
    expect(said).toContain(why);
    expect(ok).toBe(false);
  });

  test("what is passed in is allowed", () => {
    const code = "export const later = (now: Date): Date => new Date(now.getTime() + 1);\n";
    expect(lint("biome", code)).toMatchObject({ ok: true });
  });
});

describe("a promise nobody waits for", () => {
  const PROMISE = "const work = async (): Promise<void> => {};\nexport function go(): void {\n  work();\n}\n";
  // It never runs: Drizzle's queries start when they are awaited.
  const QUERY = `
import type { NeonHttpDatabase } from "drizzle-orm/neon-http";
import { pgTable, text } from "drizzle-orm/pg-core";
const table = pgTable("t", { id: text() });
export function forget(db: NeonHttpDatabase): void {
  db.delete(table);
}
`;

  test.each([
    ["biome", PROMISE],
    ["oxlint", PROMISE],
    ["oxlint", QUERY],
  ] as const)("is refused by %s (%#)", (program, code) => {
    const { ok, said } = lint(program, code);
    expect(said).toMatch(/floating|must be awaited/i);
    expect(ok).toBe(false);
  });

  test("is no fault when it is awaited", () => {
    expect(
      lint("oxlint", QUERY.replace("void {", "Promise<unknown> {").replace("db.delete", "return db.delete")),
    ).toMatchObject({
      ok: true,
    });
  });
});
