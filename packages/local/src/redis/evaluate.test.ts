/** The evaluator on a state in memory, as a simulator runs it. */
import { openMemoryWatch } from "@backstop/core/testing/memory/watch.given";
import { evaluatorContract } from "../../testing/evaluator.contract.ts";

evaluatorContract("in memory", async () => openMemoryWatch({ now: () => new Date() }));
