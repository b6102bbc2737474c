import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";

export interface DatabaseOptions {
  readonly migrations: string;
  readonly cache: string;
  /** Where it lives; without one, in memory. PostgreSQL writes ahead there, so `kill -9` loses nothing that was committed. */
  readonly directory?: string | undefined;
}

/**
 * A PostgreSQL in this process with the migrations applied. Making one takes seconds, loading a dump about one, so the
 * result is kept in `cache` under a key of all it depends on. The cache is only ever a copy: what is missing or cannot
 * be read is made again.
 */
export async function openDatabase({ migrations, cache, directory }: DatabaseOptions): Promise<PGlite> {
  if (directory !== undefined && existsSync(directory)) return PGlite.create({ dataDir: directory });
  const file = path.join(cache, `${await schemaKey(migrations)}.tar.gz`);
  const database = (await load(file)) ?? (await build(migrations, file));
  return directory === undefined ? database : await move(database, directory);
}

/** There is a directory only when it is whole: dying in between leaves another one, which is begun again. */
async function move(database: PGlite, directory: string): Promise<PGlite> {
  const loadDataDir = await database.dumpDataDir("none");
  await database.close();
  const unfinished = `${directory}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const moved = await PGlite.create({ dataDir: unfinished, loadDataDir });
  await moved.close();
  await rename(unfinished, directory);
  return PGlite.create({ dataDir: directory });
}

async function load(file: string): Promise<PGlite | undefined> {
  try {
    // Unpacking here checks gzip's checksum; PGlite would start on half an archive.
    const archive = gunzipSync(await readFile(file));
    return await PGlite.create({ loadDataDir: new Blob([archive]) });
  } catch {
    return undefined;
  }
}

async function build(migrations: string, file: string): Promise<PGlite> {
  const database = await PGlite.create();
  await migrate(drizzle(database), { migrationsFolder: migrations });
  const dump = await database.dumpDataDir("gzip");
  // Two processes may start at once: each writes its own file and renames it, so that nobody reads half of one.
  const own = `${file}.${randomUUID()}`;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(own, Buffer.from(await dump.arrayBuffer()));
  await rename(own, file);
  return database;
}

/** Of all that decides what a new database is like. */
export async function schemaKey(migrations: string): Promise<string> {
  const hash = createHash("sha256").update(await pgliteVersion());
  const files = await readdir(migrations, { recursive: true, withFileTypes: true });
  const paths = files.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of paths.sort()) {
    hash.update(`\0${path.relative(migrations, file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex");
}

async function pgliteVersion(): Promise<string> {
  // Its package.json is not among its exports; it stands above the entry point.
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const { version } = JSON.parse(await readFile(path.join(path.dirname(entry), "../package.json"), "utf8"));
  return version;
}
