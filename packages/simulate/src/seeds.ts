/** Some seeds, one after another, and what they came to together. */
import { FAULT_KINDS, FAULTS, type Fault, raising } from "./kernel/weather.ts";
import { MUTANTS } from "./mutants/mutants.ts";
import type { Mutant, Scenario } from "./mutants/mutant.ts";
import type { Violation } from "./oracle/violations.ts";
import { type Simulated, simulate } from "./simulation.ts";

/** What can be told to another thread. */
export interface Seeds {
  readonly from: number;
  readonly count: number;
  readonly positions: number;
  readonly swarm: boolean;
  /** By name; null: the code as it is. */
  readonly mutant: string | null;
  /** The first so many of them are run twice. */
  readonly replays: number;
}

export interface Tally {
  readonly seeds: number;
  readonly positions: number;
  readonly operations: number;
  readonly virtualMs: number;
  readonly faults: Partial<Record<Fault, number>>;
  readonly violations: readonly (Violation & { readonly seed: number })[];
  readonly exitLatencies: readonly number[];
  readonly replayed: number;
  /** Seeds that did not come to the same the second time. */
  readonly differing: readonly number[];
}

export const NOTHING: Tally = {
  seeds: 0,
  positions: 0,
  operations: 0,
  virtualMs: 0,
  faults: {},
  violations: [],
  exitLatencies: [],
  replayed: 0,
  differing: [],
};

export function sum(a: Tally, b: Tally): Tally {
  const faults: Tally["faults"] = { ...a.faults };
  for (const fault of FAULT_KINDS) faults[fault] = (a.faults[fault] ?? 0) + (b.faults[fault] ?? 0);
  return {
    seeds: a.seeds + b.seeds,
    positions: a.positions + b.positions,
    operations: a.operations + b.operations,
    virtualMs: a.virtualMs + b.virtualMs,
    faults,
    violations: [...a.violations, ...b.violations],
    exitLatencies: [...a.exitLatencies, ...b.exitLatencies],
    replayed: a.replayed + b.replayed,
    differing: [...a.differing, ...b.differing],
  };
}

export async function runSeeds({ from, count, positions, swarm, mutant, replays }: Seeds): Promise<Tally> {
  let tally = NOTHING;
  for (let seed = from; seed < from + count; seed++) {
    const run = () => runSeed(seed, positions, swarm, mutant === null ? null : mutantOf(mutant));
    const simulated = await run();
    const again = seed < from + replays ? await run() : null;
    const differs = again !== null && again.digest() !== simulated.digest();
    tally = sum(tally, {
      ...simulated,
      seeds: 1,
      faults: Object.fromEntries(simulated.faults),
      violations: simulated.violations.map((violation) => ({ ...violation, seed })),
      replayed: again ? 1 : 0,
      differing: differs ? [seed] : [],
    });
  }
  return tally;
}

type Told = (atMs: number, line: string) => void;

/** One seed in the usual weather, or with one fault raised, or in the world of a mutant. */
export function runSeed(
  seed: number,
  positions: number,
  swarm: boolean,
  mutant: Mutant | null,
  tell: Told | null = null,
): Promise<Simulated> {
  const scenario = mutant?.scenario ?? null;
  return simulate({ seed, positions, chances: chancesOf(seed, swarm, scenario), scenario, mutant, tell });
}

/** The world of a mutant, and the code as it is. */
export const runControl = (seed: number, positions: number, scenario: Scenario): Promise<Simulated> =>
  simulate({ seed, positions, chances: chancesOf(seed, false, scenario), scenario, mutant: null, tell: null });

function chancesOf(seed: number, swarm: boolean, scenario: Scenario | null): Readonly<Record<Fault, number>> {
  if (scenario) return { ...NO_FAULTS, ...scenario.chances };
  return swarm ? raising(raisedIn(seed)) : FAULTS;
}

/** The one fault that a swarm raises in a seed. */
export const raisedIn = (seed: number): Fault => FAULT_KINDS[seed % FAULT_KINDS.length] as Fault;

const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((fault) => [fault, 0])) as Record<Fault, number>;

/** @throws Error naming those that there are. */
export function mutantOf(name: string): Mutant {
  const mutant = MUTANTS.find((each) => each.name === name);
  if (mutant) return mutant;
  throw new Error(`there is no mutant "${name}": ${MUTANTS.map((each) => each.name).join(", ")}`);
}
