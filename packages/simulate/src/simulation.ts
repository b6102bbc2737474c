/**
 * One seed, from its beginning to what is judged of it.
 *
 * Invariant: everything comes from the seed, in virtual time; the same seed of the same code is the same story.
 */
import { digestOf } from "./digest.ts";
import type { Fault } from "./kernel/weather.ts";
import type { Violation } from "./oracle/violations.ts";
import { type StageOptions, stageOf } from "./stage.ts";
import { play } from "./story.ts";

export interface SimulationOptions extends StageOptions {
  /** How many people try to open. */
  readonly positions: number;
}

export interface Simulated {
  readonly seed: number;
  /** Opened; the others were refused. */
  readonly positions: number;
  /** Calls to the outside. */
  readonly operations: number;
  readonly virtualMs: number;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly violations: readonly Violation[];
  /** From the moment the true price came to a stop until its exit landed, in milliseconds. */
  readonly exitLatencies: readonly number[];
  readonly digest: () => string;
}

export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const stage = await stageOf(options);
  await play(stage, options.positions);
  const { world, chain, db, oracle } = stage;
  const came = { operations: world.calls.made, faults: [...world.weather.counts], violations: oracle.violations.all };
  return {
    seed: options.seed,
    positions: [...db.positions.values()].length,
    operations: world.calls.made,
    virtualMs: world.timeline.now,
    faults: world.weather.counts,
    violations: oracle.violations.all,
    exitLatencies: oracle.exitLatencies(),
    digest: () => digestOf(db, chain, world.timeline.now, JSON.stringify(came)),
  };
}
