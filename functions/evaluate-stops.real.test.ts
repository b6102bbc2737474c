/** One stop seen by many evaluators at once, on a real PostgreSQL. */
import { MARKET_SEED } from "@backstop/core/market/market";
import type { WatchStore } from "@backstop/core/stop/watch.store";
import { FakeClock, fakeIds, fakeLog, fakeQueues } from "@backstop/core/testing/fakes";
import { SOL_USDC } from "@backstop/core/testing/given";
import { expect, test } from "vitest";
import { atOnce } from "../packages/local/testing/at-once.ts";
import { opened } from "../packages/local/testing/real-position.ts";
import { realWorld } from "../packages/local/testing/real-world.ts";
import { make } from "./evaluate-stops.ts";

const world = realWorld();

/** Redis does not answer, so none of them knows of another. */
const away = () => Promise.reject(new Error("Redis is away"));
const REDIS_AWAY: WatchStore = {
  takeLease: away,
  releaseLease: away,
  load: away,
  cursor: away,
  writeBase: away,
  look: away,
  append: away,
  recordTick: away,
  latch: away,
  settle: away,
  evaluator: away,
  rememberPrices: away,
  prices: away,
};

test("20 evaluators that know nothing of each other claim one stop once, and plan one exit", async () => {
  const { engine } = world;
  const { position } = await opened(engine);

  const ended = await atOnce(world.writes, 20, () =>
    make({
      clock: new FakeClock(),
      ids: fakeIds(),
      log: fakeLog(),
      markets: MARKET_SEED,
      stops: engine.stores.stops,
      store: REDIS_AWAY,
      queues: fakeQueues(),
      wakeRelay: async () => {},
      tickMs: 30_000,
      prices: {
        name: "test",
        fetch: async () =>
          new Map([
            [SOL_USDC.baseMint, { usdPrice: 100, blockId: null }],
            [SOL_USDC.quoteMint, { usdPrice: 1, blockId: null }],
          ]),
      },
    })(),
  );

  expect(ended).toEqual(ended.map(() => ({ ended: "time" })));
  const { trades, triggers, events } = await world.rows();
  expect(trades.filter(({ kind }) => kind === "exit")).toMatchObject([
    { status: "planned", amount_in: String(position.totals.entryOut) },
  ]);
  expect(triggers).toHaveLength(1);
  expect(events.filter(({ name }) => name === "stop_loss_triggered")).toHaveLength(1);
});
