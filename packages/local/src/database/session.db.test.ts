import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PgliteGate } from "./gate.ts";
import { encode, MessageReader, query, startup, sync, typeOf } from "./message.ts";
import { PgliteSession } from "./session.ts";

let database: PGlite;
let gate: PgliteGate;

beforeAll(async () => {
  database = await PGlite.create();
  gate = new PgliteGate(database, 100);
});

afterAll(() => database.close());

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ user: "postgres", database: "postgres", stream: () => new PgliteSession(gate) });
  await client.connect();
  return client;
}

test("whoever waits too long for another's transaction is refused, and can go on afterwards", async () => {
  const [owner, other] = [await connect(), await connect()];
  await owner.query("begin");
  await expect(other.query("select $1::int as one", [1])).rejects.toMatchObject({ code: "55P03" });
  await expect(other.query("select 1")).rejects.toMatchObject({ code: "55P03" });
  await owner.query("select 1");
  await owner.query("commit");
  expect((await other.query("select $1::int as one", [1])).rows).toEqual([{ one: 1 }]);
  await Promise.all([owner.end(), other.end()]);
});

test("who waits less gets the turn when the transaction is over", async () => {
  const [owner, other] = [await connect(), await connect()];
  await owner.query("begin");
  const waiting = other.query("select 1 as one");
  await owner.query("rollback");
  expect((await waiting).rows).toEqual([{ one: 1 }]);
  await Promise.all([owner.end(), other.end()]);
});

test("a refused exchange is skipped up to its Sync", async () => {
  const owner = await connect();
  const session = new PgliteSession(gate);
  const reader = new MessageReader("typed");
  const answers: string[] = [];
  session.on("data", (bytes: Buffer) => answers.push(...[...reader.read(bytes)].map(typeOf)));
  session.write(startup([["user", "postgres"]]));
  await expect.poll(() => answers.at(-1)).toBe("Z");

  await owner.query("begin");
  answers.length = 0;
  const exchange = [
    encode("P", "\0select 1\0\0\0"),
    encode("H", ""),
    encode("B", "\0\0\0\0\0\0"),
    encode("H", ""),
    query("select 2"),
    sync,
  ];
  session.write(Buffer.concat(exchange));
  await expect.poll(() => answers).toEqual(["E", "Z"]);
  await owner.query("rollback");
  session.write(query("select 3"));
  await expect.poll(() => answers).toEqual(["E", "Z", "T", "D", "C", "Z"]);
  session.destroy();
  await owner.end();
});

test("a session that breaks off between a query and its Sync leaves the backend to the others", async () => {
  const session = new PgliteSession(gate);
  const answered = new Promise((resolve) => session.once("data", resolve));
  session.write(startup([["user", "postgres"]]));
  await answered;
  session.write(Buffer.concat([encode("P", "\0select nope\0\0\0"), encode("H", "")]));
  await expect.poll(() => gate.owns(session)).toBe(true);
  session.destroy();
  const next = await connect();
  expect((await next.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await next.end();
});
