/** A thread that runs seeds. */
import { runSeeds, type Seeds, type Tally } from "./seeds.ts";

// Refusals are thrown by the thousand here, and nobody reads where.
Error.stackTraceLimit = 0;

export default (seeds: Seeds): Promise<Tally> => runSeeds(seeds);
