import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";

/**
 * A PostgreSQL in this process with the migrations applied. Making one takes seconds, loading a dump about one, so the
 * result is kept in `cache` under a key of all it depends on. The cache is only ever a copy: what is missing or cannot
 * be read is made again.
 */
export async function openDatabase({ migrations, cache }: { migrations: string; cache: string }): Promise<PGlite> {
  const file = path.join(cache, `${await cacheKey(migrations)}.tar.gz`);
  return (await load(file)) ?? (await build(migrations, file));
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

async function cacheKey(migrations: string): Promise<string> {
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
