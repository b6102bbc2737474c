/** Many seeds, on all cores. */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import { NOTHING, type Seeds, sum, type Tally } from "./seeds.ts";

/** Small enough that no core is left with a long one at the end. */
const SEEDS_AT_ONCE = 10;

/** Of a run, so many seeds are run twice. */
const REPLAYS = 100;

/** What a seed leaves behind is gone at once: room for many of them between two collections. */
const YOUNG_MB = 128;

export async function runAll(seeds: Omit<Seeds, "replays">, progress: (done: number) => void): Promise<Tally> {
  const pool = new Piscina<Seeds, Tally>({
    filename: new URL("worker.ts", import.meta.url).href,
    maxThreads: availableParallelism(),
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  try {
    let done = 0;
    const { from, count } = seeds;
    const tallies = Array.from({ length: Math.ceil(count / SEEDS_AT_ONCE) }, async (_, index) => {
      const first = from + index * SEEDS_AT_ONCE;
      const some = Math.min(SEEDS_AT_ONCE, from + count - first);
      const replays = Math.max(0, REPLAYS - index * SEEDS_AT_ONCE);
      const tally = await pool.run({ ...seeds, from: first, count: some, replays });
      done += some;
      progress(done);
      return tally;
    });
    return (await Promise.all(tallies)).reduce(sum, NOTHING);
  } finally {
    await pool.destroy();
  }
}
