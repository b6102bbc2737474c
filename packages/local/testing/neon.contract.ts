/** What the local Neon answers the production client, whichever PostgreSQL is behind it. */
import { once } from "node:events";
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import { drizzle as drizzleHttp } from "drizzle-orm/neon-http";
import { drizzle as drizzleWebSocket } from "drizzle-orm/neon-serverless";
import { integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Neon, startNeon } from "../src/database/neon.ts";

const account = pgTable(
  "account",
  { id: integer().primaryKey(), owner: text().notNull(), balance: integer().notNull() },
  (t) => [uniqueIndex("one_account_per_owner").on(t.owner)],
);
const entry = pgTable("entry", { accountId: integer().notNull() });

/** A database without tables of ours. */
export interface EmptyDatabase {
  readonly database: Parameters<typeof startNeon>[0];
  close(): Promise<void>;
}

export function neonContract(name: string, open: () => Promise<EmptyDatabase>): void {
  describe(`the local Neon, ${name}`, () => {
    let backend: EmptyDatabase;
    let local: Neon;
    let pool: Pool;

    beforeAll(async () => {
      backend = await open();
      local = await startNeon(backend.database);
      neonConfig.fetchEndpoint = local.fetchEndpoint;
      neonConfig.wsProxy = local.wsProxy;
      neonConfig.useSecureWebSocket = false;
      pool = new Pool({ connectionString: local.url });
      await pool.query(
        `create table account (id int primary key, owner text not null, balance int not null check (balance >= 0))`,
      );
      await pool.query(`create unique index one_account_per_owner on account (owner)`);
      await pool.query(`create table entry ("accountId" int not null)`);
    });

    beforeEach(() => pool.query("truncate account, entry"));

    afterAll(async () => {
      await pool.end();
      await local.close();
      await backend.close();
    });

    const overHttp = () => drizzleHttp(neon(local.url));
    const overWebSocket = () => drizzleWebSocket(pool);

    test("values of every kind come back over HTTP as they were put in", async () => {
      const query = neon(local.url);
      const moment = new Date("2026-01-02T03:04:05.678Z");
      const [row] =
        await query`select ${2n ** 64n - 1n}::numeric(20,0) as u64, ${["a,b", '"', "é"]}::text[] as list, ${null}::int as nothing,
    ${{ a: [1, "x"] }}::jsonb as json, ${true}::boolean as yes, ${moment}::timestamptz as moment, ${Buffer.from([0, 255])}::bytea as bytes`;
      expect(row).toEqual({
        u64: "18446744073709551615",
        list: ["a,b", '"', "é"],
        nothing: null,
        json: { a: [1, "x"] },
        yes: true,
        moment,
        bytes: Buffer.from([0, 255]),
      });
    });

    test("a data-modifying CTE through Drizzle changes and records in one statement, or neither", async () => {
      const db = overHttp();
      await db.insert(account).values({ id: 1, owner: "ann", balance: 100 });
      const debit = (amount: number) => {
        const changed = db.$with("changed").as(
          db
            .update(account)
            .set({ balance: sql`${account.balance} - ${amount}` })
            .where(sql`${account.id} = 1 and ${account.balance} >= ${amount}`)
            .returning({ id: account.id }),
        );
        const recorded = db.$with("recorded").as(
          db
            .insert(entry)
            .select((query) => query.select({ accountId: changed.id }).from(changed))
            .returning({ accountId: entry.accountId }),
        );
        return db.with(changed, recorded).select().from(recorded);
      };
      expect(await debit(60)).toEqual([{ accountId: 1 }]);
      expect(await debit(60)).toEqual([]);
      expect(await db.select({ balance: account.balance }).from(account)).toEqual([{ balance: 40 }]);
      expect(await db.select({ accountId: entry.accountId }).from(entry)).toEqual([{ accountId: 1 }]);
    });

    test("an error reaches the client with its code and constraint, over HTTP, in a batch and over a WebSocket", async () => {
      const db = overHttp();
      await db.insert(account).values({ id: 1, owner: "ann", balance: 0 });
      const again = { id: 2, owner: "ann", balance: 0 };
      const violation = { code: "23505", constraint: "one_account_per_owner", table: "account", severity: "ERROR" };
      await expect(db.insert(account).values(again)).rejects.toMatchObject({ cause: violation });
      await expect(overWebSocket().insert(account).values(again)).rejects.toMatchObject({ cause: violation });
      const batch = db.batch([
        db.insert(account).values({ ...again, owner: "bob" }),
        db.insert(account).values({ ...again, id: 3 }),
      ]);
      await expect(batch).rejects.toMatchObject(violation);
      expect(await db.$count(account)).toBe(1);
      await expect(neon(local.url).query("select 1; select 2")).rejects.toMatchObject({ code: "42601" });
      await expect(neon(local.url).query("select $1::int", ["x"])).rejects.toMatchObject({ code: "22P02" });
      await expect(neon(local.url).query("select nope")).rejects.toMatchObject({ code: "42703", position: "8" });
    });

    test("a batch is one transaction, of the kind that was asked for", async () => {
      const query = neon(local.url);
      const results = await query.transaction([query`select txid_current() as id`, query`select txid_current() as id`]);
      expect(results[0]).toEqual(results[1]);
      const settings = query`select current_setting('transaction_isolation') as isolation,
    current_setting('transaction_read_only') as "readOnly", current_setting('transaction_deferrable') as deferrable`;
      const asked = { isolationLevel: "Serializable", readOnly: true, deferrable: true } as const;
      expect(await query.transaction([settings], asked)).toEqual([
        [{ isolation: "serializable", readOnly: "on", deferrable: "on" }],
      ]);
      expect(await query.transaction([settings])).toEqual([
        [{ isolation: "read committed", readOnly: "off", deferrable: "off" }],
      ]);
      await expect(
        query.transaction([query`insert into entry ("accountId") values (1)`], { readOnly: true }),
      ).rejects.toMatchObject({ code: "25006" });
    });

    test("interactive transactions: isolation, savepoints, rollback, and rows as arrays", async () => {
      const db = overWebSocket();
      await db.transaction(
        async (tx) => {
          await tx.insert(account).values({ id: 1, owner: "ann", balance: 1 });
          await tx
            .transaction(async (nested) => {
              await nested.insert(account).values({ id: 2, owner: "ann", balance: 1 });
            })
            .catch(() => undefined);
          await tx.insert(account).values({ id: 3, owner: "bob", balance: 1 });
        },
        { isolationLevel: "repeatable read" },
      );
      await expect(
        db.transaction(async (tx) => {
          await tx.delete(account);
          throw new Error("changed my mind");
        }),
      ).rejects.toThrow("changed my mind");
      const { rows } = await pool.query({ text: "select id, owner from account order by id", rowMode: "array" });
      expect(rows).toEqual([
        [1, "ann"],
        [3, "bob"],
      ]);
    });

    test("clients that interleave, fail and roll back never see each other's answers", async () => {
      await pool.query("insert into account select n, 'owner ' || n, 1000 from generate_series(1, 12) n");
      const query = neon(local.url);
      const clients = Array.from({ length: 12 }, (_, index) => index + 1);
      await Promise.all(
        clients.map(async (id) => {
          const http = id % 2 === 0;
          const own = new Pool({ connectionString: local.url, max: 1 });
          own.on("error", () => undefined);
          for (let round = 0; round < 30; round++) {
            const tag = `${id}/${round}`;
            if (http) {
              expect(await query`select ${tag} as tag`).toEqual([{ tag }]);
              await expect(query`insert into account values (${id}, 'again', 0)`).rejects.toMatchObject({
                constraint: "account_pkey",
              });
              const failing = query.transaction([
                query`update account set balance = 0 where id = ${id}`,
                query`select 1 / 0`,
              ]);
              await expect(failing).rejects.toMatchObject({ code: "22012" });
              const [, rows] = await query.transaction([
                query`update account set balance = balance - 1 where id = ${id}`,
                query`select ${tag} as tag`,
              ]);
              expect(rows).toEqual([{ tag }]);
            } else {
              const client = await own.connect();
              expect(
                (await client.query({ name: "same", text: `select $1::text || '${id}' as tag`, values: [tag] })).rows,
              ).toEqual([{ tag: tag + id }]);
              await expect(client.query("select $1::int", ["x"])).rejects.toMatchObject({ code: "22P02" });
              await client.query("begin");
              await client.query("update account set balance = 0 where id = $1", [id]);
              await expect(client.query("select nope")).rejects.toMatchObject({ code: "42703" });
              await expect(client.query("select 1")).rejects.toMatchObject({ code: "25P02" });
              await client.query("rollback");
              await client.query("begin");
              await client.query("update account set balance = balance - 1 where id = $1", [id]);
              expect((await client.query("select $1::text as tag", [tag])).rows).toEqual([{ tag }]);
              await client.query("commit");
              client.release(round % 10 === 9); // now and then the next round is a new connection
            }
          }
          await own.end();
        }),
      );
      expect(await query`select balance, count(*)::int from account group by 1`).toEqual([{ balance: 970, count: 12 }]);
    });

    test("a client that leaves in the middle of a transaction leaves nothing of it", async () => {
      const leaver = await new Pool({ connectionString: local.url }).on("error", () => undefined).connect();
      leaver.on("error", () => undefined);
      await leaver.query("begin");
      await leaver.query("insert into account values (1, 'ann', 1)");
      leaver.release(true);
      await expect.poll(() => overHttp().select().from(account)).toEqual([]);
    });

    test("prepared statements go with the connection that made them", async () => {
      for (let round = 0; round < 3; round++) {
        const own = new Pool({ connectionString: local.url, max: 1 });
        const [row] = (await own.query({ name: "mine", text: `select ${round} as round` })).rows;
        expect(row).toEqual({ round });
        await own.end();
      }
      const left = () => neon(local.url)`select name from pg_prepared_statements`;
      await expect.poll(left).toEqual([]);
    });

    test("a wrong password is refused on both ways in, as is a client without a connection string", async () => {
      const url = local.url.replace(new URL(local.url).password, "wrong");
      const stranger = new Pool({ connectionString: url });
      await expect(stranger.query("select 1")).rejects.toMatchObject({ code: "28P01" });
      await expect(neon(url)`select 1`).rejects.toThrow("password authentication failed");
      expect((await fetch(local.fetchEndpoint, { method: "POST", body: '{"query":"select 1"}' })).status).toBe(400);
      const headers = { "neon-connection-string": local.url };
      for (const body of ["{", "{}", '{"queries":[{}]}']) {
        expect((await fetch(local.fetchEndpoint, { method: "POST", body, headers })).status).toBe(400);
      }
    });

    test("closing waits for no client that has stopped answering", async () => {
      const other = await startNeon(backend.database);
      const socket = new WebSocket(`ws://${other.wsProxy}`);
      await once(socket, "open");
      socket.pause();
      const started = performance.now();
      await other.close();
      expect(performance.now() - started).toBeLessThan(5_000); // ws alone would wait 30 s
      socket.terminate();
    });
  });
}
