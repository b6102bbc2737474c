/** What `reconcile` does to the rows, on PGlite, through Neon's own protocol and its own client. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { connect } from "@backstop/core/db/client";
import { holdingsContract } from "@backstop/core/testing/holdings.contract";
import { lateLandingsContract } from "@backstop/core/testing/late-landings.contract";
import { storesOver } from "@backstop/core/testing/stores";
import type { Stores } from "@backstop/core/testing/stores.given";
import { afterAll } from "vitest";
import { clock } from "../../../../functions/system.ts";
import { openDatabase } from "./database.ts";
import { startNeon } from "./neon.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

let opening: Promise<Stores> | undefined;

async function open(): Promise<Stores> {
  const pglite = await openDatabase({
    migrations: fileURLToPath(new URL("../../../../drizzle", import.meta.url)),
    cache: mkdtempSync(`${tmpdir()}/backstop-`),
  });
  const neon = await startNeon({ pglite });
  closing.push(() => pglite.close(), neon.close);
  return storesOver(connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock));
}

/** One database for both. */
const opened = (): Promise<Stores> => {
  opening ??= open();
  return opening;
};

holdingsContract("on PGlite", opened);
lateLandingsContract("on PGlite", opened);
