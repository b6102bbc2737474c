/** The local Neon on PGlite. */
import { PGlite } from "@electric-sql/pglite";
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import { expect, test } from "vitest";
import { neonContract } from "../../testing/neon.contract.ts";
import { startNeon } from "./neon.ts";

neonContract("on PGlite", async () => {
  const pglite = await PGlite.create();
  return { database: { pglite }, close: () => pglite.close() };
});

test("a PostgreSQL that cannot be reached is an error of each query, and nothing more", async () => {
  const nowhere = await startNeon({ postgres: "postgresql://nobody@127.0.0.1:1/nothing" });
  neonConfig.fetchEndpoint = nowhere.fetchEndpoint;
  neonConfig.wsProxy = nowhere.wsProxy;
  const own = new Pool({ connectionString: nowhere.url });
  await expect(own.query("select 1")).rejects.toThrow();
  await expect(neon(nowhere.url)`select 1`).rejects.toThrow("HTTP status 500");
  await nowhere.close();
});
