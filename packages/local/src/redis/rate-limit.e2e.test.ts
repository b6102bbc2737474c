/** The plan's calls on the Redis in this process. */
import { rateLimitContract } from "../../testing/rate-limit.contract.ts";
import { startRedis } from "./upstash.ts";

rateLimitContract("on the Redis in this process", () => startRedis());
