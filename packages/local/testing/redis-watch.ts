/** The evaluator's state on a Redis that may be emptied, over Upstash's own client. */
import { connectRedis } from "@backstop/core/redis/client";
import { watchStore } from "@backstop/core/stop/watch.store";
import type { OpenedWatch } from "@backstop/core/testing/watch.contract";
import type { Redis } from "@upstash/redis";
import { startRedis } from "../src/redis/upstash.ts";

/** More than a tick would wait, since a contract sends thousands of commands at once. */
const DEADLINE_MS = 20_000;

export async function openRedisWatch(redisUrl?: string): Promise<OpenedWatch & { readonly redis: Redis }> {
  const server = await startRedis(redisUrl === undefined ? {} : { redisUrl });
  const clock = { now: () => new Date(), sleep: async () => {}, deadline: (ms: number) => AbortSignal.timeout(ms) };
  const redis = connectRedis(server, clock, DEADLINE_MS);
  return {
    redis,
    store: watchStore(redis),
    flush: async () => void (await redis.flushall()),
    close: () => server.close(),
  };
}
