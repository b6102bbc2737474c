/** The local Upstash on the Redis in this process. */
import { Redis } from "@upstash/redis";
import { expect, test } from "vitest";
import { upstashContract } from "../../testing/upstash.contract.ts";
import { startRedisServer } from "./server.ts";
import { startRedis } from "./upstash.ts";

upstashContract("on the Redis in this process", () => startRedis());

test("a Redis server that is already there can stand behind it", async () => {
  const there = await startRedisServer();
  const fronts = [await startRedis({ redisUrl: there.url }), await startRedis({ redisUrl: there.url })] as const;
  const [one, other] = fronts.map(({ url, token }) => new Redis({ url, token }));
  await one?.set("shared", "yes");
  expect(await other?.get("shared")).toBe("yes");
  for (const front of fronts) await front.close();
  there.close();
  await expect(startRedis({ redisUrl: there.url })).rejects.toThrow();
});
