import { expect, test } from "vitest";
import { configFrom } from "../config.ts";
import { FakeClock, fakeLog, fakeQueues } from "../../testing/fakes.ts";
import { price, SOL_USDC, units } from "../../testing/given.ts";
import { MemoryDatabase } from "../../testing/memory/database.ts";
import { memoryStores } from "../../testing/memory/stores.ts";
import { givenIn } from "../../testing/stores.given.ts";
import { bps } from "../money/bps.ts";
import { type ReplaceDeps, replaceStop } from "./replace.ts";
import type { ArmedStop } from "./stop.ts";

async function given(arm: (armed: ArmedStop) => Promise<void>) {
  const stores = memoryStores(new MemoryDatabase());
  await stores.markets.seed([SOL_USDC]);
  const entry = await givenIn(() => stores).opened();
  const { accountId, positionId } = entry.position;
  const [clock, queues, log] = [new FakeClock(), fakeQueues(), fakeLog()];
  const deps: ReplaceDeps = {
    clock,
    log,
    queues,
    config: configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" }),
    markets: [SOL_USDC],
    positions: stores.positions,
    stops: stores.stops,
    trades: stores.trades,
    watch: { arm },
    wakeRelay: async () => {},
    currentPrice: async () => ({ price: price(150), at: clock.now(), source: "test" }),
  };
  const stop = { kind: "trailing", distanceBps: bps(500) } as const;
  const account = { accountId, wallet: entry.wallet };
  const now = () => stores.positions.find(accountId, positionId);
  return { replaced: () => replaceStop(deps, account, positionId, stop), now, entry, queues, log };
}

test("a book that could not be told is told by two messages, queued before the change", async () => {
  const { replaced, entry, queues, log } = await given(() => Promise.reject(new Error("Redis is away")));
  expect(await replaced()).toMatchObject({ version: 2, stop: { distanceBps: 500 }, size: units(100_000_000) });
  expect(log.lines).toContain("book_not_told");
  const { tradeId } = entry.trade;
  expect(queues.sent).toEqual([
    { queue: "confirm", tradeId, delaySeconds: 10 },
    { queue: "confirm", tradeId, delaySeconds: 60 },
  ]);
});

test("without the messages nothing is changed", async () => {
  const { replaced, queues, now } = await given(async () => {});
  queues.send = () => Promise.reject(new Error("SQS is away"));
  await expect(replaced()).rejects.toThrow("SQS is away");
  expect(await now()).toMatchObject({ version: 1, stop: { distanceBps: 300 } });
});
