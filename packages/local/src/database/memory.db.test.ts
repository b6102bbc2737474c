/** The stores in memory against the SQL ones on PGlite. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { connect, type Database } from "@backstop/core/db/client";
import { afterAll } from "vitest";
import { clock } from "../../../../functions/system.ts";
import { storesEquivalence } from "../../testing/stores-equivalence.contract.ts";
import { openDatabase } from "./database.ts";
import { startNeon } from "./neon.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function opened(): Promise<Database> {
  const pglite = await openDatabase({
    migrations: fileURLToPath(new URL("../../../../drizzle", import.meta.url)),
    cache: mkdtempSync(`${tmpdir()}/backstop-`),
  });
  const neon = await startNeon({ pglite });
  closing.push(() => pglite.close(), neon.close);
  return connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock);
}

storesEquivalence("on PGlite", opened);
