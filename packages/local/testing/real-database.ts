/** A database of a test file's own on the real PostgreSQL, migrated as a deployment migrates, behind Neon's protocol. */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { connect, type Database } from "@backstop/core/db/client";
import { neonConfig, Pool } from "@neondatabase/serverless";
import { drizzle } from "drizzle-orm/neon-serverless";
import { migrate } from "drizzle-orm/neon-serverless/migrator";
import pg from "pg";
import { inject } from "vitest";
import { clock } from "../../../functions/system.ts";
import { type Neon, startNeon } from "../src/database/neon.ts";

export interface RealDatabase {
  /** As the handlers have it. */
  readonly db: Database;
  /** PostgreSQL's own address. */
  readonly url: string;
  close(): Promise<void>;
}

/** An empty database of its own. */
export async function createDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = inject("postgresUrl");
  const name = `backstop_test_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = name;
  await ask(server, `create database ${name}`);
  return { url: url.href, drop: () => ask(server, `drop database ${name} with (force)`) };
}

export async function openRealDatabase(): Promise<RealDatabase> {
  const { url, drop } = await createDatabase();
  const neon = await startNeon({ postgres: url });
  await migrateThrough(neon);
  return {
    db: connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock),
    url,
    async close() {
      await neon.close();
      await drop();
    },
  };
}

async function migrateThrough(neon: Neon): Promise<void> {
  neonConfig.wsProxy = neon.wsProxy;
  neonConfig.useSecureWebSocket = false;
  const pool = new Pool({ connectionString: neon.url });
  await migrate(drizzle(pool), {
    migrationsFolder: fileURLToPath(new URL("../../../drizzle", import.meta.url)),
  });
  await pool.end();
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
