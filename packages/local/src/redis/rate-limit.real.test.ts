/** The plan's calls on a real Redis. */
import { inject } from "vitest";
import { rateLimitContract } from "../../testing/rate-limit.contract.ts";
import { startRedis } from "./upstash.ts";

rateLimitContract("on Redis", () => startRedis({ redisUrl: inject("redisUrl") }));
