import { describe, expect, it } from "vitest";
import { parseOptions, USAGE } from "./options.ts";

describe("the command line", () => {
  it("asks for a hundred in the first market, a trailing stop, and nothing kept", () => {
    expect(parseOptions([])).toEqual({
      once: false,
      json: false,
      seed: "1",
      port: 0,
      symbol: "SOL/USDC",
      trade: { side: "buy", size: "100", stop: { kind: "trailing", distance: "0.03" } },
      prices: null,
      speed: 60,
      data: null,
    });
  });

  it("takes what it is given", () => {
    const args =
      "--symbol JUP/USDC --side sell --size 12.5 --stop 0.41 --prices a.csv --speed 0.5 --data d --once --json";
    expect(parseOptions(args.split(" "))).toEqual({
      once: true,
      json: true,
      seed: "1",
      port: 0,
      symbol: "JUP/USDC",
      trade: { side: "sell", size: "12.5", stop: { kind: "fixed", price: "0.41" } },
      prices: "a.csv",
      speed: 0.5,
      data: "d",
    });
  });

  it("is told in full by --help", () => {
    expect(parseOptions(["--help"])).toBe("help");
    for (const option of ["once", "json", "symbol", "side", "size", "trailing", "stop", "prices", "speed", "data"]) {
      expect(USAGE).toContain(`  --${option} `);
    }
  });

  it.each([
    ["--symbol SOL/EUR", /^--symbol takes one of SOL\/USDC, .*, not "SOL\/EUR"$/],
    ["--side short", /^--side takes buy or sell, not "short"$/],
    ["--size much", /^--size takes a decimal number above zero .*, not "much"$/],
    ["--size 0", /^--size .* not "0"$/],
    ["--size 1e3", /^--size .* not "1e3"$/],
    ["--trailing 3%", /^--trailing .* not "3%"$/],
    ["--trailing 0.0", /^--trailing .* not "0.0"$/],
    ["--stop nowhere", /^--stop .* not "nowhere"$/],
    ["--stop 140 --trailing 0.03", /name one of them$/],
    ["--speed 60", /^--speed is of the file of --prices/],
    ["--prices a.csv --speed fast", /^--speed .* not "fast"$/],
    ["--seed -1", /--seed/],
    ["--port 65536", /^--port .* not "65536"$/],
    ["--tariling 0.03", /^Unknown option '--tariling'/],
    ["--prices", /--prices/],
  ])("refuses %s in one line", (args, line) => {
    const refused = () => parseOptions(args.split(" "));
    expect(refused).toThrow(line);
    expect(refused).not.toThrow(/\n/);
  });
});
