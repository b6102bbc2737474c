/** The local Neon on a real PostgreSQL. */
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import { expect, test } from "vitest";
import { neonContract } from "../../testing/neon.contract.ts";
import { createDatabase } from "../../testing/real-database.ts";
import { startNeon } from "./neon.ts";

neonContract("on PostgreSQL", async () => {
  const { url, drop } = await createDatabase();
  return { database: { postgres: url }, close: drop };
});

test("a connection that is killed fails what it was doing, on every way in, and nothing else", async () => {
  const { url, drop } = await createDatabase();
  const local = await startNeon({ postgres: url });
  neonConfig.fetchEndpoint = local.fetchEndpoint;
  neonConfig.wsProxy = local.wsProxy;
  neonConfig.useSecureWebSocket = false;
  const query = neon(local.url);
  const pool = new Pool({ connectionString: local.url }).on("error", () => undefined);
  const killed = { code: "57P01" };
  const kill = "select pg_terminate_backend(pg_backend_pid())";

  await expect(query.query(kill)).rejects.toMatchObject(killed);
  await expect(query.transaction([query`select 1`, query.query(kill), query`select 2`])).rejects.toMatchObject(killed);
  await expect(pool.query(kill)).rejects.toMatchObject(killed);

  expect(await query`select 1 as one`).toEqual([{ one: 1 }]);
  expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await pool.end();
  await local.close();
  await drop();
});
