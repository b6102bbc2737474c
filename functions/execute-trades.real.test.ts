/** One trade driven by many workers at once, on a real PostgreSQL. */
import { expect, test } from "vitest";
import { atOnce } from "../packages/local/testing/at-once.ts";
import { deliver } from "../packages/local/testing/real-engine.ts";
import { stopped } from "../packages/local/testing/real-position.ts";
import { realWorld } from "../packages/local/testing/real-world.ts";
import { make } from "./execute-trades.ts";

const world = realWorld();

async function expectOneAttempt(tradeId: string, eventsBefore: number): Promise<void> {
  const { engine } = world;
  // Those who came too late have left messages, and those are no second attempt either.
  await engine.until(tradeId, (record) => record.trade.status === "submitted");
  await Promise.all(Array.from({ length: 20 }, () => engine.execute(tradeId)));

  const { attempts, events } = await world.rows();
  expect(attempts.filter(({ kind }) => kind === "exit")).toMatchObject([{ number: 1, status: "live" }]);
  expect(events.slice(eventsBefore).map(({ name }) => name)).toEqual(["trade_executed"]);
  expect(new Set(engine.chain.sent.keys())).toEqual(new Set(attempts.map(({ signature }) => signature)));
  for (const bytes of engine.chain.sent.values()) expect(bytes.size).toBe(1);
}

test("20 workers on one exit make one attempt: one draft, one signature, one set of bytes", async () => {
  const { engine } = world;
  const { trade } = await stopped(engine);
  const { events } = await world.rows();
  expect(await atOnce(world.writes, 20, () => engine.execute(trade.tradeId))).not.toContain(false);
  await expectOneAttempt(trade.tradeId, events.length);
});

test("20 workers that all believe it is their turn make one attempt", async () => {
  const { engine } = world;
  const { trade } = await stopped(engine);
  const { events } = await world.rows();
  const turns = { ...engine.deps.turns, take: async () => true };
  const worker = () => deliver(make({ ...engine.deps, turns }), trade.tradeId);
  expect(await atOnce(world.writes, 20, worker)).not.toContain(false);
  await expectOneAttempt(trade.tradeId, events.length);
});
