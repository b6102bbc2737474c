/** The evaluator on a real Redis. */
import { inject } from "vitest";
import { evaluatorContract } from "../../testing/evaluator.contract.ts";
import { startRedis } from "./upstash.ts";

evaluatorContract("on Redis", () => startRedis({ redisUrl: inject("redisUrl") }));
