/** What `reconcile` does to the rows, on a real PostgreSQL, where statements run side by side. */
import type { Database } from "@backstop/core/db/client";
import { holdingsContract } from "@backstop/core/testing/holdings.contract";
import { lateLandingsContract } from "@backstop/core/testing/late-landings.contract";
import { afterAll } from "vitest";
import { openRealDatabase, type RealDatabase } from "../../testing/real-database.ts";

let opening: Promise<RealDatabase> | undefined;
afterAll(async () => (await opening)?.close());

/** One database for both. */
const opened = async (): Promise<Database> => {
  opening ??= openRealDatabase();
  return (await opening).db;
};

holdingsContract("on PostgreSQL", opened);
lateLandingsContract("on PostgreSQL", opened);
