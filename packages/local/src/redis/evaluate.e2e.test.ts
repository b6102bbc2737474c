/** The evaluator on the Redis in this process. */
import { evaluatorContract } from "../../testing/evaluator.contract.ts";
import { openRedisWatch } from "../../testing/redis-watch.ts";

evaluatorContract("on the Redis in this process", () => openRedisWatch());
