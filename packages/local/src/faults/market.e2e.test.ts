/** What befalls the market, as whoever trades there sees it. */
import { ResponseError } from "@jup-ag/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SOL, USDC } from "../chain/mints.ts";
import { decodeTokenAccount } from "../chain/token.ts";
import { addressOf } from "../chain/wire-transaction.ts";
import { type Pool, reservesOf } from "../venue/pool.ts";
import { priceOf } from "../venue/ratio.ts";
import { openStage, type Stage, SYMBOL } from "./testing/stage.ts";

const SKIP = { skipPreflight: true, maxRetries: 0 };
const HUNDRED_USDC = 100_000_000n;

let stage: Stage;
let pool: Pool;
beforeEach(async () => {
  stage = await openStage("market");
  pool = stage.world.pools[0] ?? expect.unreachable();
});
afterEach(() => stage.close());

const quote = (amount = HUNDRED_USDC, slippageBps = 50) =>
  stage.trader.quote(USDC.address, SOL.address, amount, slippageBps);

function poolPrice(): number {
  const { quote: quoteReserve, base } = reservesOf(stage.world.chain, pool);
  return priceOf(quoteReserve, base, SOL, USDC);
}

/** The chain's error of a swap that was quoted before `meanwhile`. */
async function swapAcross(meanwhile: () => Promise<unknown>, slippageBps: number): Promise<unknown> {
  const { bytes } = await stage.trader.build(await quote(HUNDRED_USDC, slippageBps));
  const signature = await stage.connections[0].sendRawTransaction(bytes, SKIP);
  await meanwhile();
  stage.produce(1);
  const { value } = await stage.connections[0].getSignatureStatuses([signature]);
  return value[0]?.err;
}

describe("a price that is moved", () => {
  it("is there before what waits to land, and stays", async () => {
    const before = poolPrice();
    const error = await swapAcross(() => stage.faults.movePrice(SYMBOL, 1.03), 200);
    expect(error).toEqual({ InstructionError: [3, { Custom: 6001 }] });
    expect(poolPrice() / before).toBeCloseTo(1.03, 2);
    stage.produce(30);
    expect(poolPrice() / before).toBeCloseTo(1.03, 2);
  });

  it("is no obstacle within the slippage", async () => {
    expect(await swapAcross(() => stage.faults.movePrice(SYMBOL, 1.03), 400)).toBeNull();
  });

  it("is told: what was asked, times the price of before", async () => {
    const before = stage.world.referencePrice(SYMBOL);
    expect(await stage.faults.movePrice(SYMBOL, 0.5)).toBeCloseTo(before / 2, 9);
    stage.produce(1);
    expect(poolPrice() / before).toBeCloseTo(0.5, 2);
  });

  it("moves no farther than the market can follow", async () => {
    await stage.faults.movePrice(SYMBOL, 100);
    stage.produce(1);
    expect(poolPrice() / 150).toBeCloseTo(100, -1);
    await expect(stage.faults.movePrice(SYMBOL, 20)).rejects.toThrow(`${SYMBOL} goes from 1/1000 to 1000 times`);
    await expect(stage.faults.movePrice("SOL/EUR", 2)).rejects.toThrow("There is no market SOL/EUR");
  });
});

describe("a pool that is emptied", () => {
  it("gives nothing, is left alone by the market, and is refilled at the market's price", async () => {
    const before = reservesOf(stage.world.chain, pool);
    await stage.faults.empty(SYMBOL);
    expect(reservesOf(stage.world.chain, pool)).toEqual(before);
    stage.produce(1);
    expect(reservesOf(stage.world.chain, pool)).toEqual({ base: 1n, quote: 1n });
    const refused = await quote().catch((error: unknown) => error);
    if (!(refused instanceof ResponseError)) return expect.unreachable();
    expect(await refused.response.json()).toMatchObject({ errorCode: "COULD_NOT_FIND_ANY_ROUTE" });
    await stage.faults.movePrice(SYMBOL, 1.2);
    stage.produce(20);
    expect(reservesOf(stage.world.chain, pool)).toEqual({ base: 1n, quote: 1n });
    await stage.faults.refill(SYMBOL);
    stage.produce(1);
    expect(reservesOf(stage.world.chain, pool)).toEqual(before);
    stage.produce(1);
    expect(poolPrice() / stage.world.referencePrice(SYMBOL)).toBeCloseTo(1, 3);
    expect(await swapAcross(async () => undefined, 50)).toBeNull();
  });

  it("takes the lamports along that wrapped SOL is backed by", async () => {
    const unbacked = () => {
      const account = stage.world.chain.read(addressOf(pool.vaultA)) ?? expect.unreachable();
      return account.lamports - decodeTokenAccount(account.data).amount;
    };
    const before = unbacked();
    await stage.faults.empty(SYMBOL, 0.1);
    stage.produce(1);
    expect(unbacked()).toBe(before);
    await stage.faults.refill(SYMBOL);
    stage.produce(1);
    expect(unbacked()).toBe(before);
  });

  it("may keep a part, which a trade moves far", async () => {
    const full = Number((await quote()).priceImpactPct);
    await stage.faults.empty(SYMBOL, 0.0001);
    stage.produce(1);
    const thin = await quote();
    expect(full).toBeLessThan(0.001);
    expect(Number(thin.priceImpactPct)).toBeGreaterThan(0.4);
    stage.produce(10);
    expect((await quote()).outAmount).toBe(thin.outAmount);
  });

  it("fails what was quoted before", async () => {
    const error = await swapAcross(() => stage.faults.empty(SYMBOL), 2_000);
    expect(error).toEqual({ InstructionError: [3, { Custom: 6001 }] });
  });

  it("is full again after a fork that takes the block back, and when all is calm", async () => {
    const before = reservesOf(stage.world.chain, pool);
    await stage.faults.empty(SYMBOL);
    stage.produce(2);
    await stage.faults.fork(2, false);
    expect(reservesOf(stage.world.chain, pool)).toEqual(before);
    await stage.faults.empty(SYMBOL);
    stage.produce(1);
    await stage.faults.calm();
    stage.produce(1);
    expect(Number(reservesOf(stage.world.chain, pool).quote) / Number(before.quote)).toBeCloseTo(1, 2);
  });
});
