/** The relay over a PostgreSQL and the local bus, through Neon's and EventBridge's own clients: what a rule gets is the outbox. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { accountStore } from "@backstop/core/account/account.store";
import { connect, type Database } from "@backstop/core/db/client";
import { type Bus, detailOf, eventBridge } from "@backstop/core/event/bus";
import type { EventPayloads, NewEvent, StoredEvent } from "@backstop/core/event/event";
import { tell } from "@backstop/core/event/outbox";
import { type OutboxStore, outboxStore } from "@backstop/core/event/outbox.store";
import { relayEvents } from "@backstop/core/event/relay";
import { relayWake } from "@backstop/core/event/wake";
import { MARKET_SEED } from "@backstop/core/market/market";
import { marketStore } from "@backstop/core/market/market.store";
import { position } from "@backstop/core/position/position.sql";
import { lambdaWake } from "@backstop/core/stop/watch";
import { fakeLog } from "@backstop/core/testing/fakes";
import { AT, units } from "@backstop/core/testing/given";
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { make } from "../../../functions/relay-events.ts";
import { clock } from "../../../functions/system.ts";
import { type EventArchive, eventArchive } from "./aws/event-archive.ts";
import { type EventBus, startEventBus } from "./aws/event-bus.ts";
import { startInvoker } from "./aws/invoker.ts";
import { startRuntime } from "./aws/runtime.ts";
import { openDatabase } from "./database/database.ts";
import { startNeon } from "./database/neon.ts";
import { startServer } from "./listen.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const LOCAL = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };

const closing: (() => Promise<void>)[] = [];
let db: Database;
let outbox: OutboxStore;
let server: EventBus;
let archive: EventArchive;
let bus: Bus;

beforeAll(async () => {
  const pglite = await openDatabase({ migrations: tablesAsTheyAre(), cache: mkdtempSync(`${tmpdir()}/backstop-`) });
  const neon = await startNeon({ pglite });
  closing.push(() => pglite.close(), neon.close);
  db = connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock);
  outbox = outboxStore(db);
  await marketStore(db).seed(MARKET_SEED);
  await accountStore(db).add({ accountId: "acc_1", wallet: "wallet" }, AT);
});

beforeEach(async () => {
  await db.execute(sql`truncate outbox`);
  archive = eventArchive("backstop");
  server = await startEventBus({ rules: [archive.rule] });
  closing.push(server.close);
  bus = eventBridge(new EventBridgeClient({ ...LOCAL, endpoint: server.endpoint }), "backstop");
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** `drizzle/`, and one more migration if the tables have moved on. */
function tablesAsTheyAre(): string {
  const copy = mkdtempSync(`${tmpdir()}/backstop-drizzle-`);
  cpSync(`${ROOT}drizzle`, copy, { recursive: true });
  const drizzle = [
    `${ROOT}node_modules/drizzle-kit/bin.cjs`,
    "generate",
    "--dialect=postgresql",
    "--casing=snake_case",
  ];
  // drizzle-kit puts ./ before whatever it is given, so an absolute path is none.
  const tables = ["--schema=./packages/core/src/**/*.sql.ts", `--out=${path.relative(ROOT, copy)}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...drizzle, ...tables], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(status, stdout + stderr).toBe(0);
  return copy;
}

let seats = 0;
async function newPosition(): Promise<number> {
  const facts = { accountId: "acc_1", symbol: "SOL/USDC", side: "buy", status: "opening" } as const;
  const [row] = await db
    .insert(position)
    .values({ ...facts, seat: ++seats, size: units(1), createdAt: AT })
    .returning({ positionId: position.positionId });
  return row?.positionId ?? expect.unreachable();
}

/** Writes events as the stores do: with the change of their position, in one statement. */
async function happens(positionId: number, ...events: readonly NewEvent[]): Promise<void> {
  await db.execute(sql`
    with touched as (
      update position set event_sequence = event_sequence + ${events.length}::int
      where position_id = ${positionId}
      returning position_id, event_sequence
    ), ${tell(events, AT)}
    select position_id from touched`);
}

/** Every event there is, of one position, in the order of a life. */
function lifeOf(positionId: number): readonly NewEvent[] {
  const ref = { positionId, symbol: "SOL/USDC" };
  const entry = { ...ref, tradeId: "trd_1", kind: "entry", side: "buy" } as const;
  const sent = { attemptId: "trd_1.1", signature: "5TuZsgX3" };
  const mark = { acceptedPrice: "0.0000001", stopPrice: "145.5", highWaterMark: "150" };
  const payloads: EventPayloads = {
    trade_executed: { ...entry, ...sent },
    trade_confirmed: {
      ...entry,
      ...sent,
      amountIn: "100000000",
      amountOut: "18446744073709551615",
      feeLamports: "6000",
    },
    trade_failed: { ...entry, code: "NETWORK_ERROR", message: 'it said "no"\n' },
    position_opened: { ...ref, quantity: "665000000", entryPrice: "150.37594" },
    position_updated: { ...ref, status: "open", quantity: "665000000" },
    trailing_stop_updated: { ...ref, ...mark },
    stop_loss_triggered: { ...ref, tradeId: "trd_exit_1_1_1", reason: "trailing_stop", ...mark },
    position_closed: {
      ...ref,
      closeReason: "trailing_stop",
      entryPrice: "1",
      exitPrice: "2",
      realizedPnl: "-5",
      feesLamports: "6000",
    },
    alarm_raised: { ...ref, tradeId: null, code: "MINT_FROZEN", message: "1 is missing" },
  };
  return Object.entries(payloads).map(([name, payload]) => ({ name, payload }) as NewEvent);
}

const relay = (over: { bus?: Bus; outbox?: Partial<OutboxStore> } = {}) =>
  relayEvents({ clock, log: fakeLog(), bus: over.bus ?? bus, outbox: { ...outbox, ...over.outbox } });

/** The rule has got each event of the outbox at least once, those of a position in their order, and nothing else. */
async function expectTold(): Promise<{ readonly repeated: number }> {
  await server.idle();
  const received = archive.received().map((event) => ({ name: event["detail-type"], detail: event.detail }));
  const first = received.filter(
    ({ detail }, index) => received.findIndex((each) => each.detail["eventId"] === detail["eventId"]) === index,
  );
  const written = (await outbox.after(0n, 1_000)).map((event) => ({ name: event.name, detail: detailOf(event) }));
  const byPosition = <Told extends { detail: object }>(events: readonly Told[]) =>
    Object.groupBy(events, ({ detail }) => ("positionId" in detail ? String(detail.positionId) : "none"));
  expect(byPosition(first)).toEqual(byPosition(written));
  for (const events of Object.values(byPosition(written))) {
    expect(events?.map(({ detail }) => detail.positionSequence)).toEqual(events?.map((_, index) => index + 1));
  }
  expect(await relay()).toEqual({ delivered: 0, held: 0, more: false });
  return { repeated: received.length - first.length };
}

/** Three lives, written at once. */
async function lives(): Promise<void> {
  const positions = [await newPosition(), await newPosition(), await newPosition()];
  await Promise.all(
    positions.map(async (positionId) => {
      const [first, second, ...rest] = lifeOf(positionId);
      for (const event of rest.slice(0, 3)) await happens(positionId, event);
      if (first && second) await happens(positionId, first, second);
      await happens(positionId, ...rest.slice(3));
    }),
  );
}

describe("a rule gets what the outbox holds", () => {
  test("once, when nothing goes wrong", async () => {
    await lives();
    expect(await relay()).toEqual({ delivered: 27, held: 0, more: false });
    expect(await expectTold()).toEqual({ repeated: 0 });
    expect(archive.received()[0]).toMatchObject({ source: "backstop", time: "2026-03-01T12:00:00Z" });
  });

  test("from a bus that does not answer at first", async () => {
    await lives();
    const away = new EventBridgeClient({ ...LOCAL, endpoint: "http://127.0.0.1:9", maxAttempts: 1 });
    await expect(relay({ bus: eventBridge(away, "backstop") })).rejects.toThrow();
    expect(archive.received()).toEqual([]);
    await relay();
    expect(await expectTold()).toEqual({ repeated: 0 });
  });

  test("from a bus whose answer is lost half way", async () => {
    await lives();
    let requests = 0;
    const breaking: Bus = {
      async put(events) {
        const results = await bus.put(events);
        if (++requests === 4) throw new Error("reset");
        return results;
      },
    };
    await expect(relay({ bus: breaking })).rejects.toThrow("reset");
    await relay();
    expect(await expectTold()).toEqual({ repeated: 3 });
  });

  test("from a relay that is killed between sending and marking", async () => {
    await lives();
    await expect(relay({ outbox: { markDelivered: () => Promise.reject(new Error("killed")) } })).rejects.toThrow(
      "killed",
    );
    await relay();
    expect(await expectTold()).toEqual({ repeated: 3 });
  });

  test("from two relays at once", async () => {
    await lives();
    const relayed = await Promise.all([relay(), relay()]);
    expect(relayed.map((each) => each.held)).toEqual([0, 0]);
    await expectTold();
  });

  test("also what committed after later numbers were delivered", async () => {
    const positionId = await newPosition();
    const { rows } = await db.execute<{ number: string }>(
      sql`select nextval(pg_get_serial_sequence('outbox', 'sequence')) as number`,
    );
    await lives();
    await relay();
    await db.execute(sql`update position set event_sequence = 1 where position_id = ${positionId}`);
    await db.execute(sql`
      insert into outbox (sequence, event_id, name, position_id, position_sequence, payload, at) overriding system value
      values (${rows[0]?.number}::bigint, ${`evt_${positionId}_1`}, 'position_updated', ${positionId}, 1,
        ${JSON.stringify({ positionId, symbol: "SOL/USDC", status: "open", quantity: "1" })}::jsonb,
        ${AT.toISOString()}::timestamptz)`);
    expect(await relay()).toMatchObject({ delivered: 1 });
    await expectTold();
  });
});

describe("EventBridge", () => {
  const event: StoredEvent = {
    name: "position_updated",
    payload: { positionId: 1, symbol: "SOL/USDC", status: "open", quantity: "1" },
    eventId: "evt_1_1",
    sequence: 1n,
    positionId: 1,
    positionSequence: 1,
    at: AT,
  };

  test("may take a request in part, and says why", async () => {
    const Entries = [{ ErrorCode: "ThrottlingException", ErrorMessage: "slow down" }, { EventId: "1" }];
    const partly = await startServer(new Hono().post("/", (context) => context.json({ FailedEntryCount: 1, Entries })));
    closing.push(partly.close);
    const through = eventBridge(new EventBridgeClient({ ...LOCAL, endpoint: partly.url }), "backstop");
    expect(await through.put([event, event, event])).toEqual([
      { taken: false, code: "ThrottlingException", message: "slow down" },
      { taken: true },
      { taken: false, code: "Unanswered", message: "" },
    ]);
  });

  test("is not asked to take what is too large for it", async () => {
    const large = { ...event, payload: { ...event.payload, status: "x".repeat(256 * 1024) } } as StoredEvent;
    expect(await bus.put([large])).toMatchObject([{ taken: false, code: "TooLarge" }]);
    await server.idle();
    expect(archive.received()).toEqual([]);
  });
});

describe("a wake-up", () => {
  test("starts a relay", async () => {
    const invoker = await startInvoker();
    const log = fakeLog();
    const runtime = await startRuntime({
      functions: { "relay-events": make({ clock, log, outbox, bus }) },
      timeoutsMs: { "relay-events": 10_000 },
    });
    closing.push(invoker.close, runtime.close);
    invoker.register(runtime.url);
    await lives();
    const client = new LambdaClient({ ...LOCAL, endpoint: invoker.endpoint, maxAttempts: 1 });
    await relayWake(lambdaWake(client, "relay-events"), log)();
    await expect.poll(() => archive.received().length, { timeout: 10_000 }).toBe(27);
    expect(log.lines).toEqual([]);
  });

  test("that fails is said and fails nobody", async () => {
    const log = fakeLog();
    const client = new LambdaClient({ ...LOCAL, endpoint: "http://127.0.0.1:9", maxAttempts: 1 });
    await relayWake(lambdaWake(client, "relay-events"), log)();
    expect(log.lines).toEqual(["relay_not_woken"]);
  });
});
