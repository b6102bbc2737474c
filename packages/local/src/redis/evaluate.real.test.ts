/** The evaluator on a real Redis. */
import { inject } from "vitest";
import { evaluatorContract } from "../../testing/evaluator.contract.ts";
import { openRedisWatch } from "../../testing/redis-watch.ts";

evaluatorContract("on Redis", () => openRedisWatch(inject("redisUrl")));
