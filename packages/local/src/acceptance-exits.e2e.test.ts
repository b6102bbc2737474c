/** Exits that the market makes hard: a gap, no route, too little to sell. What can be sold is sold, and nothing is left unsaid. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";
import { boughtBy, expectToAddUp, ladderOf, type Told, toldWhenOver } from "../testing/told.ts";

/** The longest takes half of it; the rest is for what shares the processors. */
vi.setConfig({ testTimeout: 60_000 });

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario({ seed: "acceptance of exits", logs: "acceptance-exits" });
});
afterEach(() => scenario.faults.calm());
afterAll(() => scenario.stop());

/** As Jupiter says it, of quotes alone: prices go on. `match`: of which quotes. */
const noRoute = (times: number | "always", match = "/swap/v1/quote") =>
  scenario.faults.set({
    kind: "http",
    service: "jupiter",
    match,
    action: "status",
    status: 400,
    body: { error: "Could not find any route", errorCode: "COULD_NOT_FIND_ANY_ROUTE" },
    times,
  });

const sum = (values: readonly string[]): number => values.reduce((total, value) => total + Number(value), 0);

describe("a gap far past the stop", () => {
  const STOP = { kind: "trailing", distance: "0.2" };

  test("of 45 % sells at what there is, in one attempt", async () => {
    const { trade } = await scenario.enter({ symbol: "SOL/USDC", stop: STOP });
    await scenario.faults.movePrice("SOL/USDC", 0.55);
    const told = await toldWhenOver(scenario, trade);

    expect(told.position).toMatchObject({ closeReason: "trailing_stop", missing: "0", dust: "0" });
    expect(Number(told.position.exitPrice) / Number(told.position.entryPrice)).toBeCloseTo(0.55, 2);
    expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
    expectFreshMinimum(told);
    expect(told.alarms).toEqual([]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  test("up, of a position that sold, buys back with all that it got, which is less than it sold", async () => {
    const { trade } = await scenario.enter({ symbol: "JUP/USDC", side: "sell", stop: STOP });
    await scenario.faults.movePrice("JUP/USDC", 1 / 0.55);
    const told = await toldWhenOver(scenario, trade);

    expect(told.position).toMatchObject({ closeReason: "trailing_stop", quantity: "0", missing: "0", dust: "0" });
    expect(Number(told.position.exitPrice) / Number(told.position.entryPrice)).toBeCloseTo(1 / 0.55, 1);
    expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
    const [entry, exit] = [told.entry, ...told.exits].map(({ attempts }) => attempts[0]?.fill);
    expect(exit?.amountIn).toBe(entry?.amountOut);
    const gained = Number(exit?.amountOut) - Number(entry?.amountIn);
    expect(Number(told.position.realizedPnlBase)).toBeCloseTo(gained, 6);
    expectFreshMinimum(told);
    expect(told.alarms).toEqual([]);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  /** The least it would have taken is the slippage below what the market offered then, wherever the stop was. */
  function expectFreshMinimum({ exits }: Told): void {
    for (const { quotedOut, minimumOut, slippage, fill } of exits.flatMap(({ attempts }) => attempts)) {
      expect(Number(minimumOut) / (Number(quotedOut) * (1 - Number(slippage)))).toBeCloseTo(1, 5);
      expect(Number(fill?.amountOut) / Number(quotedOut)).toBeCloseTo(1, 2);
    }
  }
});

describe("no route", () => {
  test("and then a route: the whole exit waits for it and goes out undivided", async () => {
    const entry = await scenario.enter({ symbol: "WIF/USDC" });
    const { trade } = entry;
    await noRoute(2, `amount=${boughtBy(entry)}`);
    await scenario.faults.movePrice("WIF/USDC", 0.85);
    const waiting = await scenario.until("the exit says what it waits for", async () => {
      const [exit] = await scenario.exits(trade.positionId);
      return exit && (await scenario.api.getTrade(exit.trade.tradeId)).waiting;
    });
    const told = await toldWhenOver(scenario, trade);

    expect(waiting.code).toBe("INSUFFICIENT_LIQUIDITY");
    expect(waiting.message).toMatch(/^Jupiter knows no route for \d+ base units in WIF\/USDC: /);
    expect(told.position.closeReason).toBe("trailing_stop");
    expect(told.exits).toHaveLength(1);
    expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
    expect(told.exits[0]).toMatchObject({ amountIn: told.entry.attempts[0]?.fill?.amountOut, waiting: null });
    expect(told.alarms).toEqual([]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  test("for all of it: it goes on in halves, says so, and sells both", async () => {
    const entry = await scenario.enter({ symbol: "BONK/USDC", size: "60" });
    const { trade } = entry;
    await noRoute("always", `amount=${boughtBy(entry)}`);
    await scenario.faults.movePrice("BONK/USDC", 0.85);
    const told = await toldWhenOver(scenario, trade);

    expectHalves(told);
    expect(told.position).toMatchObject({ closeReason: "trailing_stop", missing: "0", dust: "0" });
    expect(told.alarms).toEqual([
      {
        positionId: trade.positionId,
        symbol: "BONK/USDC",
        tradeId: told.exits[0]?.tradeId,
        code: "EXIT_DIVIDED",
        message: expect.stringMatching(/^it goes on in halves of \d+ and \d+ base units: Jupiter knows no route for /),
      },
    ]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  test("for any of it, as long as the pool is empty: it is not divided, and goes out when there is one", async () => {
    const { trade } = await scenario.enter({ symbol: "BONK/USDC", size: "60" });
    await scenario.faults.empty("BONK/USDC");
    const exit = await scenario.api.close(trade.positionId);
    await scenario.until("it has been tried three times", async () => {
      const record = await scenario.trades.find(exit.tradeId);
      return record && record.trade.setbacks.count >= 3;
    });
    await scenario.faults.refill("BONK/USDC");
    const told = await toldWhenOver(scenario, trade);

    expect(told.exits).toMatchObject([{ tradeId: exit.tradeId, amountIn: exit.amountIn, status: "finalized" }]);
    expect(told.position).toMatchObject({ closeReason: "manual", missing: "0", dust: "0" });
    expect(told.alarms).toEqual([]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  test("but one at half the price: it goes on in halves, says so, and sells each where it brings more", async () => {
    const { trade } = await scenario.enter({ symbol: "JTO/USDC", size: "60" });
    // 40 USDC stay in the pool: all of the position would bring 24, half of it 17.
    await scenario.faults.empty("JTO/USDC", 0.000008);
    await scenario.api.close(trade.positionId);
    await scenario.until("a half is sold", async () => {
      const exits = await scenario.exits(trade.positionId);
      return exits.some((exit) => exit.trade.status === "finalized");
    });
    await scenario.faults.refill("JTO/USDC");
    const told = await toldWhenOver(scenario, trade);

    expectHalves(told);
    expect(told.position).toMatchObject({ closeReason: "manual", missing: "0", dust: "0" });
    expect(told.alarms).toMatchObject([
      {
        code: "PRICE_BELOW_FLOOR",
        message: expect.stringMatching(/base units would bring \d+ at least: the floor is \d+$/),
      },
      {
        code: "PRICE_IMPACT_HIGH",
        message: expect.stringMatching(/^it moves the price by 0\.4\d+: an entry may by 0\.01$/),
      },
    ]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  /** One exit, and in its place two that spend exactly what it would have. */
  function expectHalves({ entry, exits: [whole, ...halves] }: Told): void {
    expect(whole).toMatchObject({ status: "superseded", attempts: [], amountIn: entry.attempts[0]?.fill?.amountOut });
    const half = { replaces: whole?.tradeId, status: "finalized" };
    expect(halves).toMatchObject([half, half]);
    expect(sum(halves.map(({ amountIn }) => amountIn))).toBeCloseTo(Number(whole?.amountIn), 5);
  }
});

describe("too little to sell", () => {
  test("is left when all but that is sold, booked as dust, and the position is over", async () => {
    const { trade } = await scenario.enter({ symbol: "WIF/USDC" });
    await scenario.api.close(trade.positionId, "0.9995");
    const told = await toldWhenOver(scenario, trade);

    expect(told.position).toMatchObject({ closeReason: "manual", missing: "0" });
    const bought = Number(told.entry.attempts[0]?.fill?.amountOut);
    expect(Number(told.position.dust) / bought).toBeCloseTo(0.0005, 6);
    expect(told.alarms).toMatchObject([{ code: "DUST_LEFT", tradeId: told.exits[0]?.tradeId }]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });

  test("is all that there is when a token is worth nothing any more and nobody takes it", async () => {
    const { trade } = await scenario.enter({ symbol: "JTO/USDC", size: "10" });
    await noRoute("always");
    await scenario.faults.movePrice("JTO/USDC", 0.01);
    await scenario.faults.movePrice("JTO/USDC", 0.2);
    const told = await toldWhenOver(scenario, trade);

    expect(told.position).toMatchObject({
      closeReason: "trailing_stop",
      exitPrice: null,
      missing: "0",
      dust: told.entry.attempts[0]?.fill?.amountOut,
    });
    expect(told.exits).toMatchObject([{ status: "superseded", attempts: [] }]);
    expect(told.alarms).toMatchObject([{ code: "DUST_LEFT", tradeId: told.exits[0]?.tradeId }]);
    expectToAddUp(told);
    expect(await scenario.audit()).toEqual(CLEAN);
  });
});
