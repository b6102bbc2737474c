/** Each mutant in turn, until something that must never be is seen. */
import { performance } from "node:perf_hooks";
import { MUTANTS } from "./mutants/mutants.ts";
import type { Invariant } from "./oracle/violations.ts";
import type { Simulated } from "./simulation.ts";
import { runControl, runSeed } from "./seeds.ts";

export interface Shown {
  readonly name: string;
  readonly breaks: string;
  /** In the seed where it was seen first; empty: it was not. */
  readonly caughtBy: readonly Invariant[];
  readonly seeds: number;
  /** In the same seeds of its world, without it: there must be none. */
  readonly control: readonly Invariant[];
}

export const isCaught = ({ caughtBy, control }: Shown): boolean => caughtBy.length > 0 && control.length === 0;

/** A mutant that is not caught by then is none, or the oracle does not look there. */
export const SEEDS_MAX = 200;

export async function showMutants(
  names: readonly string[],
  positions: number,
  shown: (mutant: Shown, seconds: number) => void,
): Promise<readonly Shown[]> {
  const all: Shown[] = [];
  for (const mutant of MUTANTS.filter(({ name }) => names.includes(name))) {
    const began = performance.now();
    let [seeds, caughtBy]: [number, readonly Invariant[]] = [0, []];
    while (seeds < SEEDS_MAX && caughtBy.length === 0) {
      caughtBy = namesOf(await runSeed(++seeds, positions, false, mutant));
    }
    const control: Invariant[] = [];
    for (let seed = 1; mutant.scenario && seed <= seeds; seed++) {
      control.push(...namesOf(await runControl(seed, positions, mutant.scenario)));
    }
    const one = { name: mutant.name, breaks: mutant.breaks, caughtBy, seeds, control };
    shown(one, (performance.now() - began) / 1000);
    all.push(one);
  }
  return all;
}

const namesOf = ({ violations }: Simulated): readonly Invariant[] => [
  ...new Set(violations.map(({ invariant }) => invariant)),
];
