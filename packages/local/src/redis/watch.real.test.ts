/** The evaluator's state on a real Redis, and in memory as there. */
import { manyChangesContract, watchContract } from "@backstop/core/testing/watch.contract";
import { inject } from "vitest";
import { openRedisWatch } from "../../testing/redis-watch.ts";
import { watchEquivalence } from "../../testing/watch-equivalence.contract.ts";

const open = () => openRedisWatch(inject("redisUrl"));

watchContract("on Redis", open);
manyChangesContract("on Redis", open);
watchEquivalence("on Redis", open);
