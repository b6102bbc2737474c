import { MARKET_SEED } from "@backstop/core/market/market";
import { beforeEach, describe, expect, test } from "vitest";
import { dice } from "../kernel/dice.ts";
import { Timeline } from "../kernel/timeline.ts";
import { FAULT_KINDS, type Fault, Weather } from "../kernel/weather.ts";
import { BLOCKHASH_LIFE, Chain, type Signed } from "./chain.ts";
import { listed, Market } from "./market.ts";
import { commitmentOf, slotAt } from "./node.ts";
import { Slots } from "./slots.ts";

const SLOT_MS = 400;
const FUNDS = 1_000_000_000n;
const [USDC, SOL] = [MARKET_SEED[0]?.quoteMint ?? "", MARKET_SEED[0]?.baseMint ?? ""];

let timeline: Timeline;
let chain: Chain;

function begin(chances: Partial<Record<Fault, number>> = {}): void {
  timeline = new Timeline();
  const none = Object.fromEntries(FAULT_KINDS.map((fault) => [fault, 0])) as Record<Fault, number>;
  const weather = new Weather(dice(1, 1), { ...none, ...chances });
  const markets = listed(MARKET_SEED).map(([pair, price]) => new Market(pair, price, dice(1, 2), weather));
  const slots = new Slots(dice(1, 3), SLOT_MS);
  const deps = { timeline, weather, dice: dice(1, 0), slots, markets, tell: () => {} };
  chain = new Chain(deps, new Map([[USDC, FUNDS]]), FUNDS);
}

beforeEach(() => begin());

/** Spends 100 USDC, and is satisfied with anything. */
const buy = (signature: string, minimumOut = 1n): Signed => {
  const swap = { inputMint: USDC, outputMint: SOL, amountIn: 100_000_000n, amountOut: 0n, minimumOut, isOurs: true };
  return { signature, swap, blockhash: chain.blockhashAt(chain.tip).blockhash, feeLamports: 5_000n };
};

const pass = (slots: number): Promise<void> => {
  const until = timeline.now + slots * SLOT_MS;
  timeline.after(slots * SLOT_MS, () => {});
  return timeline.run(() => timeline.now >= until);
};

const spent = (): bigint => FUNDS - chain.tokens(USDC, chain.tip);

describe("a transaction", () => {
  test("lands once, however many copies arrive, and moves exactly what it spends", async () => {
    const signed = buy("a");
    for (const slots of [1, 2, 5]) chain.deliver(signed, slots);
    await pass(10);
    expect([chain.entries.length, spent(), FUNDS - chain.lamports(chain.tip)]).toEqual([1, 100_000_000n, 5_000n]);
  });

  test("below its minimum costs its fee and moves nothing", async () => {
    chain.deliver(buy("a", 2n ** 60n), 1);
    await pass(5);
    expect(chain.landed("a")?.error).toContain("6001");
    expect([spent(), FUNDS - chain.lamports(chain.tip)]).toEqual([0n, 5_000n]);
  });

  test("lands in the last block that takes its blockhash, and in none after it", async () => {
    const [last, late] = [buy("last"), buy("late")];
    const height = chain.slots.heightOf(chain.tip);
    const slotOf = (wanted: number) => {
      let slot = chain.tip;
      while (chain.slots.heightOf(slot) < wanted) slot++;
      return slot;
    };
    const begin = chain.tip;
    chain.deliver(last, slotOf(height + BLOCKHASH_LIFE + 1) - begin);
    chain.deliver(late, slotOf(height + BLOCKHASH_LIFE + 2) - begin);
    await pass(BLOCKHASH_LIFE * 2);
    expect(chain.entries.map(({ signature }) => signature)).toEqual(["last"]);
    expect(chain.mayLand(last)).toBe(false);
  });
});

test("a fork takes back exactly what it takes, and what stood on its blockhashes can never land", async () => {
  begin({ fork: 1 });
  chain.deliver(buy("a"), 1);
  await pass(2);
  expect(spent()).toBe(100_000_000n);
  const onTheFork = buy("b");
  await pass(19);
  expect([spent(), chain.landed("a"), chain.wasConfirmed("a")]).toEqual([0n, undefined, true]);
  expect(chain.mayLand(onTheFork)).toBe(false);
});

describe("a node", () => {
  test("on a minority fork goes on counting and shows nothing of the others' blocks", async () => {
    chain.deliver(buy("a"), 1);
    await pass(10);
    const landed = chain.landed("a") ?? expect.unreachable("it has landed");
    const view = { tip: chain.tip, shared: landed.slot - 1 };
    expect(commitmentOf(view, landed)).toBeNull();
    expect(slotAt(chain, view, "processed")).toBe(chain.tip);
    expect(slotAt(chain, view, "confirmed")).toBeLessThan(landed.slot);
  });

  test.each([
    [0, "processed"],
    [2, "confirmed"],
    [32, "finalized"],
  ])("calls a block that is %d deep %s", async (depth, commitment) => {
    chain.deliver(buy("a"), 1);
    await pass(3);
    const landed = chain.landed("a") ?? expect.unreachable("it has landed");
    expect(commitmentOf({ tip: landed.slot + depth, shared: landed.slot + depth }, landed)).toBe(commitment);
  });
});
