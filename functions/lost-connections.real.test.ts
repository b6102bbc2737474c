/**
 * A position's life, again and again, and every time another of its statements loses its connection: before it is committed,
 * and after. Nothing is lost, and nothing is done twice.
 */
import { neonConfig } from "@neondatabase/serverless";
import { expect, test } from "vitest";
import { type AccountRows, accountRows } from "../packages/local/testing/account-rows.ts";
import { expectConsistent } from "../packages/local/testing/consistent.ts";
import type { HeldStatement } from "../packages/local/testing/held-write.ts";
import { type RealEngine, realEngine } from "../packages/local/testing/real-engine.ts";
import { lived } from "../packages/local/testing/real-position.ts";
import { realWorld } from "../packages/local/testing/real-world.ts";

const world = realWorld();

/** Plan; draft, sign, submit, land of the entry; claim; the same of the exit; both final: fewer would not be a life. */
const WRITES_MIN = 12;
/** So many it does not have: something goes round in circles. */
const WRITES_MAX = 60;

const rowsOf = ({ accountId }: RealEngine): Promise<AccountRows> => accountRows(world.database.url, accountId);

/** One of everything, in the ledger as on the chain. */
async function expectOneLife(engine: RealEngine, when: string): Promise<void> {
  const rows = await rowsOf(engine);
  expectConsistent(rows, when);
  expect(rows.positions, when).toMatchObject([{ status: "closed" }]);
  expect(rows.trades, when).toMatchObject([
    { kind: "entry", status: "finalized" },
    { kind: "exit", status: "finalized" },
  ]);
  const signed = rows.attempts.filter(({ status }) => status !== "abandoned");
  expect(signed, when).toMatchObject([{ status: "final" }, { status: "final" }]);
  expect(new Set(engine.chain.sent.keys()), when).toEqual(new Set(signed.map(({ signature }) => signature)));
  for (const bytes of engine.chain.sent.values()) expect(bytes.size, when).toBe(1);
}

/** Null: the life was over before anything was held. */
async function heldIn(life: Promise<void>): Promise<HeldStatement | null> {
  let over = false;
  const ended = life.then(
    () => (over = true),
    () => (over = true),
  );
  for (;;) {
    const held = await world.writes.held();
    if (held) return held;
    if (over) return null;
    await Promise.race([ended, new Promise(setImmediate)]);
  }
}

/** One life in which the `nth` write is killed; false when it has not so many. */
async function killedOnce(nth: number): Promise<boolean> {
  const engine = await realEngine(world.database);
  await world.writes.from(nth);
  try {
    const life = lived(engine);
    const held = await heldIn(life);
    const when = `write ${nth}, ${held?.text}`;
    if (held) {
      const before = await rowsOf(engine);
      expectConsistent(before, when);
      await held.kill();
      expect(await rowsOf(engine), when).toEqual(before);
    }
    await world.writes.release();
    await life;
    await expectOneLife(engine, when);
    return held !== null;
  } finally {
    await world.writes.release();
    await engine.close();
  }
}

/** One life in which the answer to the `nth` write is lost; false when it has not so many. */
async function unansweredOnce(nth: number): Promise<boolean> {
  const engine = await realEngine(world.database);
  const ask = neonConfig.fetchFunction;
  let written = 0;
  neonConfig.fetchFunction = async (url: string, init: RequestInit) => {
    const answer: Response = await ask(url, init);
    if (/\b(insert into|update) /.test(String(init.body)) && ++written === nth) throw new TypeError("fetch failed");
    return answer;
  };
  try {
    await lived(engine);
    await expectOneLife(engine, `write ${nth}`);
    return written >= nth;
  } finally {
    neonConfig.fetchFunction = ask;
    await engine.close();
  }
}

test("a statement that is killed with all its rows written leaves none of them, and is made up for", async () => {
  let nth = 1;
  while (nth <= WRITES_MAX && (await killedOnce(nth))) nth++;
  expect(nth).toBeGreaterThan(WRITES_MIN);
  expect(nth).toBeLessThanOrEqual(WRITES_MAX);
});

test("a statement whose answer is lost after it was committed is not made again", async () => {
  let nth = 1;
  while (nth <= WRITES_MAX && (await unansweredOnce(nth))) nth++;
  expect(nth).toBeGreaterThan(WRITES_MIN);
  expect(nth).toBeLessThanOrEqual(WRITES_MAX);
});
