/** Postgres, through Neon's HTTP driver: one statement per round trip, no connection to keep. */
import { neon, neonConfig } from "@neondatabase/serverless";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";

export type Database = NeonHttpDatabase;

export interface DatabaseConfig {
  readonly url: string;
  /** Where the local stack answers Neon's protocol; absent: Neon itself. */
  readonly fetchEndpoint?: string | undefined;
}

export function connect(config: DatabaseConfig): Database {
  const { fetchEndpoint } = config;
  if (fetchEndpoint) neonConfig.fetchEndpoint = () => fetchEndpoint;
  return drizzle({ client: neon(config.url), casing: "snake_case" });
}
