import { expect, test } from "vitest";
import { FAULT_KINDS } from "./kernel/weather.ts";
import { rareFaults, report, succeeded, tellWrong } from "./report.ts";
import { NOTHING, sum, type Tally } from "./seeds.ts";

const often = Object.fromEntries(FAULT_KINDS.map((fault) => [fault, 100]));
const tally: Tally = {
  ...NOTHING,
  seeds: 2_000,
  faults: often,
  exitLatencies: [1_000, 2_000, 3_000, 9_000],
  virtualMs: 7_200_000,
  replayed: 100,
};

test("a run without violations in which everything has struck often enough has succeeded", () => {
  const told = report(tally, 12.34);
  expect(succeeded(told, tally)).toBe(true);
  expect(told).toMatchObject({
    seeds: 2_000,
    virtualHours: 2,
    exitLatency: { p50: 2, p99: 9 },
    replayIdentical: "100/100",
    seconds: 12.3,
  });
});

test("one violation, one rare fault, or one seed that differs is a failure, with what shows it", () => {
  const violation = { seed: 7, invariant: "landedTwice", told: "trd_1: 2 times", atMs: 5 } as const;
  const wrong = {
    violated: { ...tally, violations: [violation] },
    rare: { ...tally, faults: { ...often, fork: 99 } },
    differing: { ...tally, differing: [12] },
  };
  const said: string[] = [];
  for (const each of Object.values(wrong)) {
    const told = report(each, 1);
    expect(succeeded(told, each)).toBe(false);
    tellWrong(
      told,
      each,
      (seed) => `simulate ${seed}`,
      (text) => said.push(text),
    );
  }
  expect(said).toEqual([
    "SEED 7: simulate 7",
    "  a trade moved the wallet more than once: trd_1: 2 times",
    "TOO RARE: fork struck 99 times",
    "SEED 12 came to something else the second time",
  ]);
});

test("of fewer seeds fewer faults are asked for", () => {
  const few = report({ ...NOTHING, seeds: 20, faults: Object.fromEntries(FAULT_KINDS.map((fault) => [fault, 1])) }, 1);
  expect(rareFaults(few)).toEqual([]);
});

test("tallies add up", () => {
  const { seeds, faults, exitLatencies } = sum(tally, { ...tally, faults: { kill: 1 } });
  expect([seeds, faults.kill, faults.fork, exitLatencies.length]).toEqual([4_000, 101, 100, 8]);
});
