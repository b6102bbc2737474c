/** `POST /trades` from many at once, on a real PostgreSQL. */
import { expect, test } from "vitest";
import { atOnce } from "../packages/local/testing/at-once.ts";
import type { Answer } from "../packages/local/testing/real-engine.ts";
import { realWorld } from "../packages/local/testing/real-world.ts";

const world = realWorld();

/** All others are told the same. */
function expectRefused(answers: readonly Answer[], count: number, code: string): void {
  const refused = answers.filter(({ status }) => status !== 202);
  expect(refused).toHaveLength(count);
  for (const { status, type, body } of refused) {
    expect({ status, type, code: body.code }).toEqual({ status: 422, type: "application/problem+json", code });
  }
}

test("50 requests for the three positions of a market leave three, and 47 are told that there are no more", async () => {
  const answers = await atOnce(world.writes, 50, (index) => world.engine.post(`key-${index}`));

  const taken = answers.filter(({ status }) => status === 202);
  expect(new Set(taken.map(({ body }) => body.tradeId)).size).toBe(3);
  expectRefused(answers, 47, "MAX_POSITIONS_REACHED");
  const { positions, trades, attempts, events } = await world.rows();
  expect(positions.map(({ seat }) => seat).toSorted()).toEqual([1, 2, 3]);
  expect([positions, trades, attempts, events].map((rows) => rows.length)).toEqual([3, 3, 3, 3]);
  expect(world.engine.chain.sent.size).toBe(3);
});

test("50 requests that a wallet can pay two of leave two", async () => {
  world.engine.chain.endow(250_000_000n);
  const answers = await atOnce(world.writes, 50, (index) => world.engine.post(`key-${index}`));

  expectRefused(answers, 48, "INSUFFICIENT_FUNDS");
  const { positions, trades } = await world.rows();
  expect([positions, trades].map((rows) => rows.length)).toEqual([2, 2]);
});

test("50 requests under one key are one trade, and each of them is answered with it", async () => {
  const answers = await atOnce(world.writes, 50, () => world.engine.post("key"));

  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  const { positions, trades, attempts, events } = await world.rows();
  expect([positions, trades, attempts, events].map((rows) => rows.length)).toEqual([1, 1, 1, 1]);
  expect(new Set(answers.map(({ body }) => body.tradeId))).toEqual(new Set(trades.map((trade) => trade["trade_id"])));
  expect(world.engine.chain.sent.size).toBe(1);
});
