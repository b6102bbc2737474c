/** Fails when the tables have changed and no migration says so: what is deployed is what `drizzle/` holds. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const copy = mkdtempSync(`${tmpdir()}/backstop-drizzle-`);
try {
  cpSync(`${root}drizzle`, copy, { recursive: true });
  const before = readdirSync(copy).length;
  const generate = spawnSync(
    process.execPath,
    [
      `${root}node_modules/drizzle-kit/bin.cjs`,
      "generate",
      "--dialect=postgresql",
      "--schema=./packages/core/src/**/*.sql.ts",
      `--out=${relative(root, copy)}`,
      "--casing=snake_case",
    ],
    { cwd: root, encoding: "utf8" },
  );
  if (generate.status !== 0) throw new Error(generate.stdout + generate.stderr);
  if (readdirSync(copy).length !== before) throw new Error("the tables differ from drizzle/: run npm run generate");
} finally {
  rmSync(copy, { recursive: true });
}
