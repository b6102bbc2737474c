/** One landing seen by many workers at once, on a real PostgreSQL. */
import { expect, test } from "vitest";
import { atOnce } from "../packages/local/testing/at-once.ts";
import { entering, stopped } from "../packages/local/testing/real-position.ts";
import { realWorld } from "../packages/local/testing/real-world.ts";

const world = realWorld();

test("20 workers that see one entry land book its fill once", async () => {
  const { engine } = world;
  const { trade } = await entering(engine);
  engine.chain.reach("confirmed");

  expect(await atOnce(world.writes, 20, () => engine.confirm(trade.tradeId))).not.toContain(false);

  const { position, attempts } = await engine.until(trade.tradeId, () => true);
  const [attempt] = attempts;
  if (attempt?.status !== "landed") return expect.unreachable("the attempt has landed");
  const { amountIn, amountOut, feeLamports } = attempt.fill;
  expect(position.status).toBe("open");
  expect(position.totals).toMatchObject({ entryIn: amountIn, entryOut: amountOut, feesLamports: feeLamports });
  const { events } = await world.rows();
  expect(events.map(({ name }) => name)).toEqual(["trade_executed", "trade_confirmed", "position_opened"]);
});

test("20 workers that see one exit become final close its position once", async () => {
  const { engine } = world;
  const { trade } = await stopped(engine);
  await engine.until(trade.tradeId, (record) => record.trade.status === "submitted");
  engine.chain.reach("finalized");
  await engine.until(trade.tradeId, (record) => record.trade.status === "confirmed");
  const entryId = (await engine.stores.trades.findEntry(trade.positionId)) ?? expect.unreachable("it has an entry");
  await engine.until(entryId, (record) => record.trade.status === "finalized");

  expect(await atOnce(world.writes, 20, () => engine.confirm(trade.tradeId))).not.toContain(false);

  const { position } = await engine.until(trade.tradeId, () => true);
  expect(position).toMatchObject({ status: "closed", totals: { exitIn: position.totals.entryOut } });
  const { events } = await world.rows();
  expect(events.filter(({ name }) => name === "position_closed")).toHaveLength(1);
});

test("20 workers that see an entry and its exit become final at once close the position once", async () => {
  const { engine } = world;
  const { trade } = await stopped(engine);
  await engine.until(trade.tradeId, (record) => record.trade.status === "confirmed");
  const entryId = (await engine.stores.trades.findEntry(trade.positionId)) ?? expect.unreachable("it has an entry");
  engine.chain.reach("finalized");

  const tradeIds = [entryId, trade.tradeId];
  await atOnce(world.writes, 20, (index) => engine.confirm(tradeIds[index % 2] ?? ""));
  // Of two that had not seen each other, one was too late and looks again.
  const { position } = await engine.until(trade.tradeId, (record) => record.position.status === "closed");

  expect(position.totals).toMatchObject({ exitIn: position.totals.entryOut });
  const { events } = await world.rows();
  expect(events.filter(({ name }) => name === "position_closed")).toHaveLength(1);
});
