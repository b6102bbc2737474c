/**
 * The stores in memory are the SQL ones, as far as anybody can see: any operations in any order, done to both, are answered
 * alike, and leave the same rows.
 */
import { account } from "@backstop/core/account/account.sql";
import type { Database } from "@backstop/core/db/client";
import { outbox } from "@backstop/core/event/outbox.sql";
import { market } from "@backstop/core/market/market.sql";
import { position } from "@backstop/core/position/position.sql";
import { shortage } from "@backstop/core/reconcile/shortage.sql";
import { trigger } from "@backstop/core/stop/trigger.sql";
import { AT } from "@backstop/core/testing/given";
import { MemoryDatabase } from "@backstop/core/testing/memory/database";
import { memoryStores } from "@backstop/core/testing/memory/stores";
import { storesOver } from "@backstop/core/testing/stores";
import type { Stores } from "@backstop/core/testing/stores.given";
import { attempt } from "@backstop/core/trade/attempt.sql";
import { trade } from "@backstop/core/trade/trade.sql";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { ATTEMPTS, MARKETS } from "./operations/attempts.ts";
import { ACCOUNTS, Draw, type MakeOperation, type Operation } from "./operations/draw.ts";
import { EXITS } from "./operations/exits.ts";
import { FILLS } from "./operations/fills.ts";
import { READS } from "./operations/reads.ts";
import { TURNS } from "./operations/turns.ts";

const OPERATIONS: Readonly<Record<string, MakeOperation>> = { ...ATTEMPTS, ...FILLS, ...EXITS, ...TURNS, ...READS };

/** What carries positions on, and what seldom finds something to be done to, is drawn more often. */
const OFTEN: Readonly<Record<string, number>> = {
  plan: 8,
  draft: 30,
  sign: 30,
  submit: 30,
  land: 30,
  finalize: 24,
  claim: 6,
  planClose: 12,
  replaceExit: 8,
  fork: 8,
  expire: 6,
  landLate: 6,
  raiseMarks: 4,
  writeOff: 4,
  postpone: 4,
  fail: 3,
  failEntry: 3,
  move: 3,
  landBeyond: 4,
  moveUnder: 4,
  doubt: 4,
  lose: 4,
};
const names = Object.keys(OPERATIONS).flatMap((name) => Array.from({ length: OFTEN[name] ?? 1 }, () => name));

const step = fc.record({
  name: fc.constantFrom(...names),
  seed: fc.nat(),
  /** A draft lives 15 seconds. */
  milliseconds: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 10, max: 500 }) },
    fc.integer({ min: 10, max: 20_000 }),
  ),
});

/** Most steps of a life find nothing to be done to, and are nothing. */
const life = fc.noBias(fc.array(step, { minLength: 1, maxLength: 700, size: "max" }));

/** Where the database is slow, fewer lives have to do; what fails is made smaller for as long. */
const BOUNDS = { numRuns: 40, interruptAfterTimeLimit: 20_000 };

/** @param open - The database is emptied for each life. */
export function storesEquivalence(name: string, open: () => Promise<Database>): void {
  let db: Database;
  beforeAll(async () => {
    db = await open();
  });

  test(`any operations are answered in memory as ${name}, and leave the same rows`, { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(life, async (steps) => {
        await db.execute(`truncate ${TABLES} restart identity`);
        const memory = new MemoryDatabase();
        const [sql, inMemory] = [storesOver(db), memoryStores(memory)];
        for (const stores of [sql, inMemory]) await begin(stores);
        let now = AT.getTime();
        for (const { name: each, seed, milliseconds } of steps) {
          now += milliseconds;
          const operation = await OPERATIONS[each]?.(new Draw(seed, new Date(now)), memory);
          if (!operation) continue;
          const outcome = await outcomeOf(operation, inMemory);
          expect([each, await outcomeOf(operation, sql)]).toEqual([each, outcome]);
        }
        await expectSameRows(db, memory);
      }),
      BOUNDS,
    );
  });
}

async function begin(stores: Stores): Promise<void> {
  await stores.markets.seed(MARKETS);
  for (const accountId of ACCOUNTS) await stores.accounts.add({ accountId, wallet: `wallet of ${accountId}` }, AT);
}

/** What it came to: an answer, or the constraint that refused it. */
async function outcomeOf(operation: Operation, stores: Stores): Promise<unknown> {
  try {
    return { answer: await operation(stores) };
  } catch (error) {
    // Drizzle wraps what the database said.
    const said = error instanceof Error && error.cause ? error.cause : error;
    const { code, constraint } = said as { readonly code?: string; readonly constraint?: string };
    if (code === undefined) throw error;
    return { code, constraint };
  }
}

const TABLES = "account, market, position, trade, attempt, trigger, outbox, shortage, transfer, destination";

async function expectSameRows(db: Database, memory: MemoryDatabase): Promise<void> {
  const same = (rows: readonly object[], inMemory: Iterable<object>) =>
    expect(inOrder(rows)).toEqual(inOrder([...inMemory]));
  same(await db.select().from(account), memory.accounts.values());
  same(await db.select().from(market), memory.markets.values());
  same(await db.select().from(position), memory.positions.values());
  same(await db.select().from(trade), memory.trades.values());
  same(await db.select().from(attempt), memory.attempts.values());
  same(await db.select().from(trigger), memory.triggers.values());
  same(await db.select().from(outbox), memory.outbox.values());
  same(await db.select().from(shortage), memory.shortages.values());
}

function inOrder(rows: readonly object[]): readonly object[] {
  const textOf = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
  const named = rows.map((row) => [JSON.stringify(Object.entries(row).sort(), textOf), row] as const);
  return named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
