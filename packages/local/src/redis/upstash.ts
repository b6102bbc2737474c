import { Redis } from "ioredis";
import { type Front, listen, serverOf, stop } from "../listen.ts";
import { upstashRest } from "./rest.ts";
import { startRedisServer } from "./server.ts";

/** A local Upstash: its REST protocol in front of a Redis server in this process, or of the one at `redisUrl`. */
export async function startRedis({ redisUrl, front }: { redisUrl?: string; front?: Front } = {}): Promise<{
  url: string;
  token: string;
  close(): Promise<void>;
}> {
  const own = redisUrl === undefined ? await startRedisServer() : undefined;
  const redis = new Redis(redisUrl ?? own?.url ?? "", {
    protocol: 2, // in which all answers have the shapes that Upstash gives
    lazyConnect: true,
    autoResendUnfulfilledCommands: false, // what was sent once is not sent twice: its outcome is unknown
    maxRetriesPerRequest: 0,
  });
  redis.on("error", () => undefined); // each command that fails for it reports it
  await redis.connect().catch((error: unknown) => {
    redis.disconnect(); // or it would go on trying
    throw error;
  });
  const token = "redis_secret_a17c44";
  const server = serverOf(upstashRest(redis, token), front);
  const address = await listen(server);
  return {
    url: `http://${address}`,
    token,
    async close() {
      await stop(server);
      redis.disconnect();
      own?.close();
    },
  };
}
