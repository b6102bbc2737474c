/** The stores on a real PostgreSQL, where statements run side by side. */
import { executionContract } from "@backstop/core/testing/execution.contract";
import { exitsContract } from "@backstop/core/testing/exits.contract";
import { looksContract } from "@backstop/core/testing/looks.contract";
import { forkLivesContract } from "@backstop/core/testing/fork-lives.contract";
import { forksContract } from "@backstop/core/testing/forks.contract";
import { storesOver } from "@backstop/core/testing/stores";
import { storesContract } from "@backstop/core/testing/stores.contract";
import { transfersContract } from "@backstop/core/testing/transfers.contract";
import type { Stores } from "@backstop/core/testing/stores.given";
import { afterAll, beforeAll } from "vitest";
import { openRealDatabase, type RealDatabase } from "../../testing/real-database.ts";

let database: RealDatabase | undefined;
beforeAll(async () => {
  database = await openRealDatabase();
});
afterAll(() => database?.close());

async function opened(): Promise<Stores> {
  if (!database) throw new Error("the database is not open");
  return storesOver(database.db);
}

storesContract("on PostgreSQL", opened);
executionContract("on PostgreSQL", opened);
exitsContract("on PostgreSQL", opened);
looksContract("on PostgreSQL", opened);
transfersContract("on PostgreSQL", opened);
forksContract("on PostgreSQL", opened);
forkLivesContract("on PostgreSQL", opened, 25);
