/** Crash points 10 to 14: what is booked, told, forgotten, contended for. */
import { MARKET_SEED, marketOf } from "@backstop/core/market/market";
import { expect, test } from "vitest";
import { crashPoints, FALL, landings, SLOW, STATEMENTS, signatureOf } from "../testing/crash-points.ts";
import { CLEAN } from "../testing/scenario.ts";
import type { BusEvent } from "./aws/event-entry.ts";

const points = crashPoints("book");

test("10 booked, before it is told: the next engine tells it", SLOW, async () => {
  const { scenario, faults } = points;
  const positionId = await points.entered("JTO/USDC");
  const bus = await faults.set({ kind: "http", service: "events", action: "timeout", times: "always" });
  await scenario.api.close(positionId);
  await points.expectOneLife(positionId, "manual");
  await points.diesAt([bus]);
  expect(await received("position_closed", positionId)).toEqual([]);
  await faults.calm();
  await scenario.local.startEngine();

  await expectAllTold(positionId);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("11 told, before that is marked: it is told again, as the same event", SLOW, async () => {
  const { scenario, faults } = points;
  const positionId = await points.entered("SOL/USDC");
  await expectAllTold(positionId);
  const bus = await faults.set({ kind: "http", service: "events", action: "cut", times: "always" });
  await scenario.api.close(positionId);
  await points.expectOneLife(positionId, "manual");
  const marking = await points.atPostgres(STATEMENTS.markDelivered, "timeout", "always");
  await faults.release(bus);
  await points.diesAt([marking]);
  const [closing] = (await received("position_updated", positionId)).slice(-1);
  await faults.calm();
  await scenario.local.startEngine();

  await expectAllTold(positionId);
  const same = (await received("position_updated", positionId)).filter(
    ({ detail }) => detail["eventId"] === closing?.detail["eventId"],
  );
  expect(same.length).toBeGreaterThan(1);
  for (const { detail } of same) expect(detail).toEqual(closing?.detail);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test(
  "12 Redis lost, or behind: the book comes from Postgres, and a rule that is gone fires nothing",
  SLOW,
  async () => {
    const { scenario, faults } = points;
    const redis = points.redis();
    const symbols = ["JUP/USDC", "WIF/USDC", "BONK/USDC"];
    const [watched, reborn, changed] = (await Promise.all(symbols.map(points.entered))) as [number, number, number];
    // Their marks rise: without them what comes hits no stop.
    for (const [symbol, positionId] of [
      ["JUP/USDC", watched],
      ["WIF/USDC", reborn],
    ] as const) {
      await faults.movePrice(symbol, 1.2);
      await scenario.until("its mark is recorded", async () =>
        (await scenario.events(positionId)).some(({ name }) => name === "trailing_stop_updated"),
      );
    }
    await redis.flushall();
    await scenario.until("there is a book again", async () => (await redis.exists("backstop:book:base")) === 1);
    await faults.movePrice("JUP/USDC", 0.88);
    await points.expectOneLife(watched, "trailing_stop");

    await scenario.local.killEngine();
    await redis.flushall();
    await scenario.local.startEngine();
    await faults.movePrice("WIF/USDC", 0.88);
    await points.expectOneLife(reborn, "trailing_stop");

    const unheard = { kind: "http", service: "redis", match: "xadd", times: "always" } as const;
    const lost = await faults.set({ ...unheard, action: "cut" });
    await widenStop(changed);
    await faults.release(lost);
    const claims = await points.counted(STATEMENTS.claim);
    await faults.movePrice("BONK/USDC", FALL);
    await faults.waitUntilBitten(claims);
    await scenario.until("that claim is lost", async () => (await redis.hlen("backstop:book:fired")) === 0);
    expect(await scenario.position(changed)).toMatchObject({ status: "open" });
    expect(await scenario.exits(changed)).toEqual([]);
    await faults.movePrice("BONK/USDC", 0.9);
    await points.expectOneLife(changed, "trailing_stop");
    expect(await scenario.audit()).toEqual(CLEAN);
  },
);

test("13 landed, before it is booked: it is booked once, and the position is what the chain holds", SLOW, async () => {
  const { scenario, faults } = points;
  const before = await held("JTO/USDC");
  await points.atPostgres(STATEMENTS.land, "timeout", "always");
  const sending = await points.atNodes("hold");
  const asking = points.asked("JTO/USDC", "unbooked");
  for (const each of sending) await faults.waitUntilHeld(each);
  const signature = signatureOf(await points.entry("unbooked"));
  await scenario.until("it has landed", async () => (await scenario.rpc.statuses([signature])).statuses[0]);
  await scenario.local.killEngine();
  expect(await asking).toBeNull();
  expect(await points.entry("unbooked")).toMatchObject({
    attempts: [{ status: "live" }],
    position: { status: "opening", totals: { entryOut: 0n } },
  });
  await faults.calm();
  await scenario.local.startEngine();

  const { trade, attempts, position } = await points.final((await points.entry("unbooked")).trade.tradeId);
  expect(attempts).toMatchObject([{ number: 1, status: "final", signature }]);
  expect(position.totals.entryOut).toBe((await held("JTO/USDC")) - before);
  expect(await scenario.audit()).toEqual(CLEAN);
  await faults.movePrice("JTO/USDC", FALL);
  await points.expectOneLife(trade.positionId, "trailing_stop");
  expect(await held("JTO/USDC")).toBe(before);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("14 a person closes while a stop does: one of them wins, and it is sold once", SLOW, async () => {
  const { scenario, faults } = points;
  const symbols = ["SOL/USDC", "JUP/USDC", "WIF/USDC", "BONK/USDC"];
  const [persons, stops, anyones, halved] = (await Promise.all(symbols.map(points.entered))) as [
    number,
    number,
    number,
    number,
  ];

  const claim = await points.atPostgres(STATEMENTS.claim, "hold_request");
  await faults.movePrice("SOL/USDC", FALL);
  await faults.waitUntilHeld(claim);
  const closing = await scenario.api.close(persons);
  await faults.release(claim);
  expect((await points.exit(persons)).trade.tradeId).toBe(closing.tradeId);

  const plan = await points.atPostgres(STATEMENTS.planClose, "hold_request");
  const late = scenario.api.close(stops);
  await faults.waitUntilHeld(plan);
  await faults.movePrice("JUP/USDC", FALL);
  const exit = await scenario.until("the stop closes it", async () => (await scenario.exits(stops))[0]);
  await faults.release(plan);
  expect((await late).tradeId).toBe(exit.trade.tradeId);

  const [one, other] = await Promise.all([
    scenario.api.close(anyones),
    scenario.api.close(anyones),
    faults.movePrice("WIF/USDC", FALL),
  ]);
  expect(one.tradeId).toBe(other.tradeId);

  await scenario.api.close(halved, "0.5");
  await faults.movePrice("BONK/USDC", FALL);

  await points.expectOneLife(persons, "manual");
  await points.expectOneLife(stops, "trailing_stop");
  await points.expectOneLife(anyones, (await scenario.over(anyones)).closeReason ?? "");
  expect(await scenario.over(halved)).toMatchObject({ closeReason: "trailing_stop", quantity: "0" });
  expect((await scenario.exits(halved)).map((each) => [each.trade.status, landings(each).length])).toEqual([
    ["finalized", 1],
    ["finalized", 1],
  ]);
  const told = { trade_executed: 3, trade_confirmed: 3, stop_loss_triggered: 1, position_closed: 1 };
  expect(await points.told(halved)).toMatchObject(told);
  expect(await scenario.audit()).toEqual(CLEAN);
});

/** What the bus got of the position; of one kind, or all. */
async function received(name: string | null, positionId: number): Promise<readonly BusEvent[]> {
  const archive = await fetch(`${points.env("BACKSTOP_LOCAL_CONTROL_URL")}/events`);
  const events = (await archive.json()) as readonly BusEvent[];
  return events.filter(
    (event) => event.detail["positionId"] === positionId && (name === null || event["detail-type"] === name),
  );
}

/** Waits until the bus has all of the position: each event at least once, and in their order. */
async function expectAllTold(positionId: number): Promise<void> {
  const eventIds = (await points.scenario.events(positionId)).map(({ eventId }) => eventId);
  const ids = await points.scenario.until("everything is told", async () => {
    const told = (await received(null, positionId)).map(({ detail }) => String(detail["eventId"]));
    return told.includes(eventIds.at(-1) ?? "") && told;
  });
  expect([...new Set(ids)]).toEqual(eventIds);
}

const held = (symbol: string): Promise<bigint> =>
  points.scenario.rpc.tokens(points.scenario.wallet, marketOf(MARKET_SEED, symbol).baseMint, "confirmed");

async function widenStop(positionId: number): Promise<void> {
  const { version } = await points.scenario.position(positionId);
  const { status } = await fetch(`${points.scenario.local.url}/positions/${positionId}/stop`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${points.env("BACKSTOP_API_KEY")}`, "content-type": "application/json" },
    body: JSON.stringify({ version, kind: "trailing", distance: "0.2" }),
  });
  expect(status).toBe(200);
}
