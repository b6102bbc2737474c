/** Some seeds, as `npm run simulate` runs thousands of them. */
import { describe, expect, test } from "vitest";
import { FAULT_KINDS } from "./kernel/weather.ts";
import { runSeed, runSeeds } from "./seeds.ts";

describe("the deployed code", () => {
  test("does nothing in bad weather that it must never do, and the same again from the same seed", async () => {
    const seeds = { from: 1, count: 10, positions: 20, swarm: false, mutant: null, replays: 5 };
    const { violations, differing, replayed, positions, exitLatencies } = await runSeeds(seeds);
    expect(violations).toEqual([]);
    expect([replayed, differing]).toEqual([5, []]);
    // Something must have happened for that to mean anything.
    expect(positions).toBeGreaterThan(150);
    expect(exitLatencies.length).toBeGreaterThan(50);
  });

  test("nor when any one fault is raised", async () => {
    const count = FAULT_KINDS.length;
    const { violations, faults } = await runSeeds({
      from: 1_000,
      count,
      positions: 8,
      swarm: true,
      mutant: null,
      replays: 0,
    });
    expect(violations).toEqual([]);
    expect(FAULT_KINDS.filter((fault) => !faults[fault])).toEqual([]);
  });
});

test("another seed is another story, and its lines come in order", async () => {
  const lines: [number, string][] = [];
  const one = await runSeed(1, 5, false, null, (atMs, line) => lines.push([atMs, line]));
  const other = await runSeed(2, 5, false, null);
  expect(one.digest()).not.toBe(other.digest());
  expect(lines.map(([atMs]) => atMs)).toEqual(lines.map(([atMs]) => atMs).toSorted((a, b) => a - b));
  expect(lines.map(([, line]) => line)).toContain("all is calm");
});
