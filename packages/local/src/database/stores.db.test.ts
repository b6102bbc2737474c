/** The stores on PGlite, through Neon's own protocol and its own client. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { connect } from "@backstop/core/db/client";
import { executionContract } from "@backstop/core/testing/execution.contract";
import { exitsContract } from "@backstop/core/testing/exits.contract";
import { looksContract } from "@backstop/core/testing/looks.contract";
import { forkLivesContract } from "@backstop/core/testing/fork-lives.contract";
import { forksContract } from "@backstop/core/testing/forks.contract";
import { storesOver } from "@backstop/core/testing/stores";
import { storesContract } from "@backstop/core/testing/stores.contract";
import { transfersContract } from "@backstop/core/testing/transfers.contract";
import type { Stores } from "@backstop/core/testing/stores.given";
import { afterAll } from "vitest";
import { clock } from "../../../../functions/system.ts";
import { openDatabase } from "./database.ts";
import { startNeon } from "./neon.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function opened(): Promise<Stores> {
  const pglite = await openDatabase({
    migrations: fileURLToPath(new URL("../../../../drizzle", import.meta.url)),
    cache: mkdtempSync(`${tmpdir()}/backstop-`),
  });
  const neon = await startNeon({ pglite });
  closing.push(() => pglite.close(), neon.close);
  return storesOver(connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock));
}

storesContract("on PGlite", opened);
executionContract("on PGlite", opened);
exitsContract("on PGlite", opened);
looksContract("on PGlite", opened);
transfersContract("on PGlite", opened);
forksContract("on PGlite", opened);
forkLivesContract("on PGlite", opened, 10);
