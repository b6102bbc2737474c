/**
 * A directory that a local run keeps its state in: Postgres and the world. The rest, queues and Redis, is made anew.
 *
 * Invariant: a directory is opened only by the version that it was made by: the same schema, the same program and world,
 * the same seed. Nothing in it is converted.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { schemaKey } from "./database/database.ts";
import { FUNDS } from "./funds.ts";
import { LISTINGS } from "./listings.ts";

export const MIGRATIONS = fileURLToPath(new URL("../../../drizzle", import.meta.url));
const PROGRAM = new URL("./swap-program/swap.so", import.meta.url);

export interface DataDirectory {
  readonly database: string;
  readonly world: string;
}

const Version = z.strictObject({
  /** Migrations and PostgreSQL. */
  schema: z.string(),
  /** The swap program, and what a new world has. */
  world: z.string(),
  /** Picks the wallet too. */
  seed: z.string(),
});
type Version = z.output<typeof Version>;

const WHAT: Readonly<Record<keyof Version, string>> = {
  schema: "another version of the database schema",
  world: "another version of the swap program or of the markets",
  seed: "another --seed",
};

/** Made if it is not there. @throws Error with one line that names the directory, when it cannot be used. */
export async function openDataDirectory(directory: string, seed: string): Promise<DataDirectory> {
  const current: Version = { schema: await schemaKey(MIGRATIONS), world: worldKey(), seed };
  const root = path.resolve(directory);
  const file = path.join(root, "version.json");
  try {
    mkdirSync(root, { recursive: true });
    if (existsSync(file)) compare(readVersion(file), current);
    else begin(root, file, current);
  } catch (error) {
    throw new Error(`--data ${directory}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { database: path.join(root, "postgres"), world: path.join(root, "world.sqlite") };
}

function begin(root: string, file: string, current: Version): void {
  if (readdirSync(root).length > 0) throw new Error("it holds other files, and no state of a local run");
  // Whole or not at all: half a file would make the directory unusable.
  writeFileSync(`${file}.new`, JSON.stringify(current));
  renameSync(`${file}.new`, file);
}

function readVersion(file: string): Version {
  try {
    return Version.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new Error("its version.json is not one of a local run");
  }
}

function compare(made: Version, current: Version): void {
  for (const key of Object.keys(WHAT) as (keyof Version)[]) {
    if (made[key] === current[key]) continue;
    const numbers = `made by ${made[key].slice(0, 12)}, this is ${current[key].slice(0, 12)}`;
    throw new Error(`its state comes from ${WHAT[key]} (${numbers}); name another directory, or remove it`);
  }
}

function worldKey(): string {
  const hash = createHash("sha256").update(readFileSync(PROGRAM));
  for (const { symbol, price, quoteDepth } of LISTINGS) hash.update(`\0${symbol} ${price} ${quoteDepth}`);
  for (const [mint, amount] of FUNDS.tokens) hash.update(`\0${mint} ${amount}`);
  return hash.update(`\0${FUNDS.lamports}`).digest("hex");
}
