/** The stores in memory against the SQL ones on a real PostgreSQL. */
import type { Database } from "@backstop/core/db/client";
import { afterAll } from "vitest";
import { openRealDatabase, type RealDatabase } from "../../testing/real-database.ts";
import { storesEquivalence } from "../../testing/stores-equivalence.contract.ts";

let database: RealDatabase | undefined;
afterAll(() => database?.close());

async function opened(): Promise<Database> {
  database = await openRealDatabase();
  return database.db;
}

storesEquivalence("on PostgreSQL", opened);
