import { Redis } from "ioredis";
import type { Server } from "./server-process.ts";

/**
 * Makes sure that the tests, which empty their Redis, take nothing from anybody; closing leaves it as it was.
 *
 * @throws Error when there is something in it, or it cannot be reached.
 */
export async function claimEmptyRedis(url: string): Promise<Server> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on("error", () => undefined); // the command that fails for it reports it
  const close = async () => redis.disconnect();
  try {
    await redis.connect();
    const keyspace = await redis.info("keyspace");
    if (/^db\d+:/m.test(keyspace)) throw new Error("it holds something, and the tests would empty it");
  } catch (cause) {
    await close();
    throw new Error(`the Redis at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return {
    url,
    async close() {
      await redis.flushall();
      await close();
    },
  };
}
