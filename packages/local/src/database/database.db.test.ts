import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "./database.ts";

let root: string;
let cache: string;
let migrations: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "database-"));
  cache = path.join(root, "cache");
  migrations = path.join(root, "migrations");
  await writeMigrations("create table color (name text primary key);", "insert into color values ('red');");
});

afterEach(() => rm(root, { recursive: true }));

async function writeMigrations(...statements: string[]): Promise<void> {
  await mkdir(path.join(migrations, "meta"), { recursive: true });
  const entries = statements.map((_, idx) => ({
    idx,
    version: "7",
    when: idx + 1,
    tag: `000${idx}`,
    breakpoints: true,
  }));
  await writeFile(
    path.join(migrations, "meta/_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  for (const [index, statement] of statements.entries())
    await writeFile(path.join(migrations, `000${index}.sql`), statement);
}

async function colors(): Promise<unknown[]> {
  const database = await openDatabase({ migrations, cache });
  const { rows } = await database.query<{ name: string }>("select name from color order by name");
  await database.close();
  return rows.map(({ name }) => name);
}

test("a database has its migrations, made anew or from the cache, and one cache file for each set of them", async () => {
  expect(await colors()).toEqual(["red"]);
  expect(await readdir(cache)).toHaveLength(1);
  expect(await colors()).toEqual(["red"]);
  expect(await readdir(cache)).toHaveLength(1);

  await writeMigrations("create table color (name text primary key);", "insert into color values ('blue');");
  expect(await colors()).toEqual(["blue"]);
  expect(await readdir(cache)).toHaveLength(2);
});

test("what the cache holds is what is loaded", async () => {
  const database = await openDatabase({ migrations, cache });
  await database.query("insert into color values ('green')");
  const dump = await database.dumpDataDir("gzip");
  await database.close();
  const [file] = await readdir(cache);
  await writeFile(path.join(cache, String(file)), Buffer.from(await dump.arrayBuffer()));
  expect(await colors()).toEqual(["green", "red"]);
});

test.each([
  ["cut off", (whole: Buffer) => whole.subarray(0, 100_000)],
  ["overwritten in one place", (whole: Buffer) => Buffer.from(whole).fill(0, 100_000, 100_100)],
])("a cache file that is %s is ignored and made again", async (_, broken) => {
  await colors();
  const [name] = await readdir(cache);
  const file = path.join(cache, String(name));
  const whole = await readFile(file);
  await writeFile(file, broken(whole));
  expect(await colors()).toEqual(["red"]);
  expect((await readFile(file)).length).toBeGreaterThan(whole.length / 2);
  expect(await readdir(cache)).toEqual([name]);
});
