/** The evaluator's state on the Redis in this process, and in memory as there. */
import { LEASE_SECONDS } from "@backstop/core/stop/watch.store";
import { AT } from "@backstop/core/testing/given";
import { watchContract } from "@backstop/core/testing/watch.contract";
import { expect, test } from "vitest";
import { openRedisWatch } from "../../testing/redis-watch.ts";
import { watchEquivalence } from "../../testing/watch-equivalence.contract.ts";

watchContract("on the Redis in this process", () => openRedisWatch());
watchEquivalence("on the Redis in this process", () => openRedisWatch());

test("the lease ends by itself, and nothing else does", async () => {
  const { redis, store, close } = await openRedisWatch();
  await store.takeLease("evl_1", AT);
  await store.recordTick({ at: AT, prices: new Map(), marks: [] });
  const left = async (key: string) => (await redis.pttl(key)) / 1_000;
  expect(await left("backstop:evaluator:lease")).toBeGreaterThan(LEASE_SECONDS - 10);
  expect(await left("backstop:evaluator:lease")).toBeLessThanOrEqual(LEASE_SECONDS);
  expect(await redis.pttl("backstop:evaluator:tick")).toBe(-1);
  await close();
});
