/**
 * Crash points 1 to 3: an engine is killed (`kill -9`) between the hit of a stop, or the request for an entry, and the record of
 * an attempt. A service that keeps a request or its reply to itself holds the engine at the point.
 */
import { expect, test } from "vitest";
import { crashPoints, FALL, SLOW, STATEMENTS } from "../testing/crash-points.ts";
import { CLEAN } from "../testing/scenario.ts";

const points = crashPoints("claim");

test(
  "1 trigger seen, before the claim: the next engine sees it again, and a claim that comes late is nobody's",
  SLOW,
  async () => {
    const { scenario, faults } = points;
    const positionId = await points.entered("SOL/USDC");
    const claim = await points.atPostgres(STATEMENTS.claim, "hold_request");
    await faults.movePrice("SOL/USDC", FALL);
    await points.diesAt([claim]);
    expect(await scenario.exits(positionId)).toEqual([]);

    await scenario.local.startEngine();
    await points.expectOneLife(positionId, "trailing_stop");
    await faults.release(claim);
    expect(await scenario.audit()).toEqual(CLEAN);
    await points.expectOneLife(positionId, "trailing_stop");
  },
);

test(
  "2 claim answered to nobody: its message drives the exit, though Redis has forgotten what fired",
  SLOW,
  async () => {
    const { scenario, faults } = points;
    const [orphan, asked] = await Promise.all([points.entered("JUP/USDC"), points.entered("WIF/USDC")]);
    const claim = await points.atPostgres(STATEMENTS.claim, "hold");
    await faults.movePrice("JUP/USDC", FALL);
    await points.diesAt([claim]);
    expect(await points.exit(orphan)).toMatchObject({ trade: { status: "planned" }, attempts: [] });
    await points.redis().flushall();
    await scenario.local.startEngine();

    // An evaluator that lives on without the answer asks again.
    await points.atPostgres(STATEMENTS.claim, "lost_reply");
    await faults.movePrice("WIF/USDC", FALL);
    await points.expectOneLife(asked, "trailing_stop");
    await points.expectOneLife(orphan, "trailing_stop");
    expect(await scenario.audit()).toEqual(CLEAN);
  },
);

test("3 after the quote: another one is taken", SLOW, async () => {
  const { scenario, faults } = points;
  const positionId = await points.entered("BONK/USDC");
  const swap = { kind: "http", service: "jupiter", match: "/swap/v1/swap-instructions" } as const;
  const swaps = await faults.set({ ...swap, action: "hold", times: 2 });
  const asking = points.asked("JTO/USDC", "quoted");
  await faults.movePrice("BONK/USDC", FALL);
  await points.diesAt([swaps], 2);
  const diedAt = Date.now();
  expect(await asking).toBeNull();
  const { trade } = await points.entry("quoted");
  const made = async () => [await points.entry("quoted"), await points.exit(positionId)].map((each) => each.attempts);
  expect(await made()).toEqual([[], []]);
  await scenario.local.startEngine();

  expect(await points.asked("JTO/USDC", "quoted")).toBe(trade.tradeId);
  await points.final(trade.tradeId);
  await points.expectOneLife(positionId, "trailing_stop");
  for (const attempts of await made()) {
    expect(attempts).toMatchObject([{ number: 1, status: "final" }]);
    expect(attempts[0]?.draftedAt.getTime()).toBeGreaterThan(diedAt);
  }
  expect(await scenario.audit()).toEqual(CLEAN);
});
