/**
 * What `npm run test:real` runs on: a PostgreSQL and a Redis, given by their addresses or started from the machine's own
 * programs. Without them there is nothing to test, which is a failure and not a pass.
 */
import type { TestProject } from "vitest/node";
import { claimEmptyRedis } from "./empty-redis.ts";
import { spawnPostgres } from "./postgres-server.ts";
import { spawnRedis } from "./redis-server.ts";
import type { Server } from "./server-process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of a PostgreSQL that trusts us and lets us create databases. */
    readonly postgresUrl: string;
    /** Of a Redis that the tests may empty. */
    readonly redisUrl: string;
  }
}

const MISSING =
  "a PostgreSQL and a Redis are needed: install Debian's packages postgresql and redis-server, " +
  "or set BACKSTOP_TEST_POSTGRES_URL and BACKSTOP_TEST_REDIS_URL";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started: Server[] = [];
  const close = async () => {
    for (const server of started.reverse()) await server.close();
  };
  const need = async (variable: string, spawn: () => Promise<Server | null>): Promise<string> => {
    const given = process.env[variable];
    if (given) return given;
    const server = await spawn();
    if (!server) throw new Error(MISSING);
    started.push(server);
    return server.url;
  };
  try {
    const postgresUrl = await need("BACKSTOP_TEST_POSTGRES_URL", spawnPostgres);
    const redisUrl = await need("BACKSTOP_TEST_REDIS_URL", spawnRedis);
    started.push(await claimEmptyRedis(redisUrl));
    project.provide("postgresUrl", postgresUrl);
    project.provide("redisUrl", redisUrl);
    return close;
  } catch (error) {
    await close();
    // Thrown, it would stand below the news that no tests were found, and above a stack.
    process.stderr.write(`test:real: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
