/** What a run came to, for people and as JSON. */
import { FAULT_KINDS, type Fault } from "./kernel/weather.ts";
import { INVARIANTS, type Invariant } from "./oracle/violations.ts";
import type { Tally } from "./seeds.ts";

/** The object of `--json`. */
export function report(tally: Tally, seconds: number) {
  const invariants = Object.keys(INVARIANTS) as readonly Invariant[];
  return {
    seeds: tally.seeds,
    positions: tally.positions,
    operations: tally.operations,
    virtualHours: Math.round(tally.virtualMs / 360_000) / 10,
    faults: Object.fromEntries(FAULT_KINDS.map((fault) => [fault, tally.faults[fault] ?? 0])) as Record<Fault, number>,
    violations: Object.fromEntries(
      invariants.map((name) => [name, tally.violations.filter(({ invariant }) => invariant === name).length]),
    ) as Record<Invariant, number>,
    /** Seconds, virtual. */
    exitLatency: { p50: secondsOf(tally.exitLatencies, 0.5), p99: secondsOf(tally.exitLatencies, 0.99) },
    replayIdentical: `${tally.replayed - tally.differing.length}/${tally.replayed}`,
    seconds: Math.round(seconds * 10) / 10,
  };
}

export type Report = ReturnType<typeof report>;

/** A fault that hardly ever strikes shows nothing: of every kind a hundred in two thousand seeds. */
const FAULTS_PER_SEED = 100 / 2_000;

/** Kinds that struck too seldom. */
export const rareFaults = ({ seeds, faults }: Report): readonly Fault[] =>
  FAULT_KINDS.filter((fault) => faults[fault] < Math.floor(seeds * FAULTS_PER_SEED));

export const succeeded = (told: Report, tally: Tally): boolean =>
  tally.violations.length === 0 && tally.differing.length === 0 && rareFaults(told).length === 0;

/** What is wrong, with the command that shows it. */
export function tellWrong(told: Report, tally: Tally, command: (seed: number) => string, say: (text: string) => void) {
  for (const [seed, violations] of Map.groupBy(tally.violations, (violation) => violation.seed)) {
    say(`SEED ${seed}: ${command(seed)}`);
    for (const { invariant, told: what } of violations) say(`  ${INVARIANTS[invariant]}: ${what}`);
  }
  for (const seed of tally.differing) say(`SEED ${seed} came to something else the second time`);
  for (const fault of rareFaults(told)) say(`TOO RARE: ${fault} struck ${told.faults[fault]} times`);
}

function secondsOf(latencies: readonly number[], part: number): number | null {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = sorted[Math.ceil(sorted.length * part) - 1];
  return at === undefined ? null : Math.round(at / 100) / 10;
}
