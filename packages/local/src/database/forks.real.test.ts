/**
 * Statements about one position that meet on a real PostgreSQL, each held when it has written and has not committed: what the
 * other one had seen of the position's attempts is not so any more when it goes on, and it must know.
 */
import { MARKET_SEED } from "@backstop/core/market/market";
import { fill, units } from "@backstop/core/testing/given";
import { storesOver } from "@backstop/core/testing/stores";
import { givenIn, HOLDING, later, type Stores, unique } from "@backstop/core/testing/stores.given";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HeldWrites, holdingWrites } from "../../testing/held-write.ts";
import { openRealDatabase, type RealDatabase } from "../../testing/real-database.ts";

let database: RealDatabase;
let writes: HeldWrites;
let stores: Stores;
beforeAll(async () => {
  database = await openRealDatabase();
  writes = await holdingWrites(database.url);
  stores = storesOver(database.db);
  await stores.markets.seed(MARKET_SEED);
});
afterAll(async () => {
  await writes.close();
  await database.close();
});

const { again, draft, drafted, entryFinal, find, firedOf, land, lastOf, opened, signed } = givenIn(() => stores);

type Statement = () => Promise<boolean>;

/** The second begins when the first has written everything and committed nothing, and goes on when it has. */
async function inOrder(first: Statement, second: Statement): Promise<readonly [boolean, boolean]> {
  await writes.from(1);
  const [one, waits] = [first(), (many: number) => expect.poll(() => writes.waiting(), { timeout: 10_000 }).toBe(many)];
  try {
    await waits(1);
    const two = second();
    await waits(2);
    await writes.release();
    return [await one, await two];
  } finally {
    await writes.release();
  }
}

const attemptOf = (record: TradeRecord): string => lastOf(record).attemptId;

async function stopped(entry: TradeRecord): Promise<TradeRecord> {
  const hit = firedOf(entry);
  await stores.stops.claim([hit], later(2));
  return find(hit.exitTradeId);
}

const sign =
  (exit: TradeRecord): Statement =>
  () =>
    stores.attempts.sign(attemptOf(exit), unique("sig"), later(1));

const drafting =
  (exit: TradeRecord): Statement =>
  () =>
    draft(exit);

const fork =
  (entry: TradeRecord): Statement =>
  () =>
    stores.fills.fork(attemptOf(entry), "closing", [], later(20));

const finalize = async (record: TradeRecord): Promise<Statement> => {
  const { position } = await again(record);
  return () => stores.fills.finalize(attemptOf(record), position, units(0), [], later(15));
};

const lose = async (entry: TradeRecord): Promise<Statement> => {
  const { position } = await again(entry);
  const lost = { attemptId: attemptOf(entry), position, error: null, feeQuote: null, events: [], at: later(90) };
  return () => stores.fills.lose({ ...lost, failure: { code: "TRANSACTION_FAILED", message: "" } });
};

test("an exit that is signed while its entry is forked away keeps it booked, and the other way round", async () => {
  const entry = await opened();
  const exit = await drafted(await stopped(entry));
  expect(await inOrder(sign(exit), fork(entry))).toEqual([true, false]);
  expect((await again(entry)).position.totals.entryOut).toBe(HOLDING);

  const other = await opened();
  const late = await drafted(await stopped(other));
  expect(await inOrder(fork(other), sign(late))).toEqual([true, false]);
  expect(lastOf(await again(late)).status).toBe("drafted");
});

test("an exit that is drafted while its entry is lost keeps it booked, and the other way round", async () => {
  const lost = async (): Promise<readonly [TradeRecord, TradeRecord]> => {
    const entry = await opened();
    return [entry, await stopped(entry)];
  };
  const [entry, exit] = await lost();
  expect(await inOrder(drafting(exit), await lose(entry))).toEqual([true, false]);
  expect((await again(entry)).position.status).toBe("closing");

  const [other, late] = await lost();
  expect(await inOrder(await lose(other), drafting(late))).toEqual([true, false]);
  expect(await again(late)).toMatchObject({ attempts: [], trade: { status: "superseded" } });
});

test("an entry and its exit that are final at once: the one that comes second looks again, and closes", async () => {
  for (const isExitFirst of [true, false]) {
    const entry = await opened();
    const exit = await signed(await stopped(entry));
    await land(exit, fill({ amountIn: units(HOLDING), amountOut: units(98_000_000) }));
    const [first, second] = isExitFirst ? [exit, entry] : [entry, exit];
    expect(await inOrder(await finalize(first), await finalize(second))).toEqual([true, false]);
    expect((await again(entry)).position.status).toBe("closing");
    expect(await (await finalize(second))()).toBe(true);
    expect((await again(entry)).position.status).toBe("closed");
  }
});

test("dust that is left while another exit becomes final: the one that comes second looks again, and closes", async () => {
  const entry = await opened();
  await entryFinal(entry);
  const plan = async (amountIn: bigint, seen: bigint): Promise<TradeRecord> => {
    const { accountId, positionId } = entry.position;
    const tradeId = unique("trd");
    const amounts = { amountIn: units(amountIn), seen: units(seen) };
    await stores.positions.planClose({
      accountId,
      positionId,
      tradeId,
      ...amounts,
      key: null,
      events: [],
      at: later(3),
    });
    return find(tradeId);
  };
  const dusty = await plan(7n, HOLDING);
  const rest = await signed(await plan(HOLDING - 7n, HOLDING - 7n));
  await land(rest, fill({ amountIn: units(HOLDING - 7n), amountOut: units(98_000_000) }));
  const leave = async (otherExits: boolean): Promise<Statement> => {
    const { trade, attempts, position } = await again(dusty);
    const seen = { attempts: attempts.length, held: units(7), exiting: position.exiting, otherExits };
    const left = { parts: [], missing: units(0), dust: units(7), tries: 0, events: [], at: later(16) };
    return () => stores.exits.replace({ tradeId: trade.tradeId, ...seen, ...left });
  };
  expect(await inOrder(await finalize(rest), await leave(true))).toEqual([true, false]);
  expect(await (await leave(false))()).toBe(true);
  expect((await again(entry)).position.status).toBe("closed");
});
