/** The local Upstash on a real Redis. */
import { inject } from "vitest";
import { upstashContract } from "../../testing/upstash.contract.ts";
import { startRedis } from "./upstash.ts";

upstashContract("on Redis", () => startRedis({ redisUrl: inject("redisUrl") }));
