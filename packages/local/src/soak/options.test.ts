import { describe, expect, it } from "vitest";
import { parseSoakOptions, USAGE } from "./options.ts";

describe("the command line of a soak", () => {
  it("asks for 500 trades, and for something to befall a fifth of the calls", () => {
    expect(parseSoakOptions([])).toEqual({ trades: 500, faults: 0.2, seed: "1", json: false });
  });

  it("takes what it is given", () => {
    const args = "--trades 12 --faults 0.05 --seed 7 --json";
    expect(parseSoakOptions(args.split(" "))).toEqual({ trades: 12, faults: 0.05, seed: "7", json: true });
  });

  it("takes all faults, and none", () => {
    expect(parseSoakOptions(["--faults", "1"])).toMatchObject({ faults: 1 });
    expect(parseSoakOptions(["--faults", "0"])).toMatchObject({ faults: 0 });
  });

  it("is told in full by --help", () => {
    expect(parseSoakOptions(["--help"])).toBe("help");
    for (const option of ["trades N", "faults P", "seed N", "json", "help"]) expect(USAGE).toContain(`  --${option} `);
  });

  it.each([
    ["--trades 0", /^--trades takes a whole number from 1 to 20000, not "0"$/],
    ["--trades many", /^--trades .* not "many"$/],
    ["--trades 1.5", /^--trades .* not "1.5"$/],
    ["--trades 20001", /^--trades .* not "20001"$/],
    ["--faults 1.1", /^--faults takes a number from 0 to 1 such as 0.2, not "1.1"$/],
    ["--faults 20%", /^--faults .* not "20%"$/],
    ["--faults=-0.1", /^--faults .* not "-0.1"$/],
    ["--seed -1", /--seed/],
    ["--faluts 0.2", /^Unknown option '--faluts'/],
    ["--trades", /--trades/],
    ["500", /500/],
  ])("refuses %s in one line", (args, line) => {
    const refused = () => parseSoakOptions(args.split(" "));
    expect(refused).toThrow(line);
    expect(refused).not.toThrow(/\n/);
  });
});
