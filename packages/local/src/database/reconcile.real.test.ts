/** What `reconcile` does to the rows, on a real PostgreSQL, where statements run side by side. */
import { holdingsContract } from "@backstop/core/testing/holdings.contract";
import { lateLandingsContract } from "@backstop/core/testing/late-landings.contract";
import { storesOver } from "@backstop/core/testing/stores";
import type { Stores } from "@backstop/core/testing/stores.given";
import { afterAll } from "vitest";
import { openRealDatabase, type RealDatabase } from "../../testing/real-database.ts";

let opening: Promise<RealDatabase> | undefined;
afterAll(async () => (await opening)?.close());

/** One database for both. */
const opened = async (): Promise<Stores> => {
  opening ??= openRealDatabase();
  return storesOver((await opening).db);
};

holdingsContract("on PostgreSQL", opened);
lateLandingsContract("on PostgreSQL", opened);
