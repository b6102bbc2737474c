import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type AccountRows, accountRows } from "./account-rows.ts";
import { type HeldWrites, holdingWrites } from "./held-write.ts";
import { openRealDatabase, type RealDatabase } from "./real-database.ts";
import { type RealEngine, realEngine } from "./real-engine.ts";

export interface RealWorld {
  readonly database: RealDatabase;
  readonly writes: HeldWrites;
  /** Of an account that no other test has. */
  readonly engine: RealEngine;
  /** What is recorded of its account. */
  rows(): Promise<AccountRows>;
}

/** A database for a test file, and an engine for each of its tests: to be called while they are collected. */
export function realWorld(): RealWorld {
  let database: RealDatabase;
  let writes: HeldWrites;
  let engine: RealEngine;
  beforeAll(async () => {
    database = await openRealDatabase();
    writes = await holdingWrites(database.url);
  });
  afterAll(async () => {
    await writes.close();
    await database.close();
  });
  beforeEach(async () => {
    engine = await realEngine(database);
  });
  afterEach(() => engine.close());
  return {
    get database() {
      return database;
    },
    get writes() {
      return writes;
    },
    get engine() {
      return engine;
    },
    rows: () => accountRows(database.url, engine.accountId),
  };
}
