/** The evaluator on the Redis in this process. */
import { evaluatorContract } from "../../testing/evaluator.contract.ts";
import { startRedis } from "./upstash.ts";

evaluatorContract("on the Redis in this process", () => startRedis());
