/** Postgres, through Neon's HTTP driver: one statement per round trip, no connection to keep. */
import { neon, neonConfig } from "@neondatabase/serverless";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import type { Clock } from "../clock.ts";

export type Database = NeonHttpDatabase;

export interface DatabaseConfig {
  readonly url: string;
  /** Where the local stack answers Neon's protocol; absent: Neon itself. */
  readonly fetchEndpoint?: string | undefined;
}

/** One statement. A database that sleeps wakes up in half a second; a function has other things to do with the rest. */
const DEADLINE_MS = 8_000;

export function connect(config: DatabaseConfig, clock: Clock): Database {
  const { fetchEndpoint } = config;
  if (fetchEndpoint) neonConfig.fetchEndpoint = () => fetchEndpoint;
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    fetch(url, { ...init, signal: clock.deadline(DEADLINE_MS) });
  return drizzle({ client: neon(config.url), casing: "snake_case" });
}
