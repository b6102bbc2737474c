import { describe, expect, it } from "vitest";
import { parseSimulateOptions, USAGE } from "./options.ts";

describe("the command line of a simulation", () => {
  it("runs 2000 seeds of 20 positions", () => {
    const expected = { run: "seeds", seeds: 2000, from: 1, positions: 20, swarm: false, json: false };
    expect(parseSimulateOptions([])).toEqual(expected);
  });

  it("takes what it is given", () => {
    const args = "--seeds 50 --from 7 --positions 3 --swarm --json";
    const expected = { run: "seeds", seeds: 50, from: 7, positions: 3, swarm: true, json: true };
    expect(parseSimulateOptions(args.split(" "))).toEqual(expected);
  });

  it("tells the story of one seed, also with a mutant in it", () => {
    expect(parseSimulateOptions(["--seed", "12"])).toMatchObject({ run: "story", seed: 12, mutant: null });
    const args = ["--seed", "12", "--mutant", "lease-as-lock"];
    expect(parseSimulateOptions(args)).toMatchObject({ run: "story", seed: 12, mutant: "lease-as-lock" });
  });

  it("shows all mutants, or one", () => {
    expect(parseSimulateOptions(["--mutants"])).toMatchObject({ run: "mutants", mutant: null });
    expect(parseSimulateOptions(["--mutants", "--mutant", "a"])).toMatchObject({ run: "mutants", mutant: "a" });
  });

  it("is told in full by --help", () => {
    expect(parseSimulateOptions(["--help"])).toBe("help");
    const names = ["seeds N", "from N", "positions N", "swarm", "seed N", "mutants", "mutant NAME", "json", "help"];
    for (const option of names) expect(USAGE).toContain(`  --${option} `);
  });

  it.each([
    ["--seeds 0", /^--seeds takes a whole number from 1 to 1000000, not "0"$/],
    ["--seeds many", /^--seeds .* not "many"$/],
    ["--positions 101", /^--positions takes a whole number from 1 to 100, not "101"$/],
    ["--seed 1.5", /^--seed .* not "1.5"$/],
    ["--seed 1 --seeds 2", /^--seed does not go with --seeds$/],
    ["--seed 1 --mutants", /^--seed does not go with --mutants$/],
    ["--seed 1 --json", /^--seed does not go with --json$/],
    ["--seed 1 --swarm --mutant lease-as-lock", /^--swarm does not go with --mutant$/],
    ["--mutants --swarm", /^--mutants does not go with --swarm$/],
    ["--mutant lease-as-lock", /^--mutant goes with --seed or --mutants$/],
    ["--sedes 3", /^Unknown option '--sedes'/],
    ["3", /3/],
  ])("refuses %s in one line", (args, line) => {
    const refused = () => parseSimulateOptions(args.split(" "));
    expect(refused).toThrow(line);
    expect(refused).not.toThrow(/\n/);
  });
});
