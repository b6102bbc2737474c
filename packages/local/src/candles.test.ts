import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseCandles, readCandles } from "./candles.ts";

const HEADER = "time,open,high,low,close,volume";
const FIRST = "1738368000,231.77,232,231.5,231.51,1379.158";
const lines = (...rows: string[]) => `${[HEADER, ...rows].join("\n")}\n`;
const parse = (text: string) => parseCandles(text, "prices.csv");

describe("a file of candles", () => {
  it("is read minute by minute, whatever its line ends and with exponents", () => {
    const text = `${HEADER}\r\n${FIRST}\r\n1738368060,2.1e-05,3E-5,0.00002,0.000021,0`;
    expect(parse(text)).toEqual([
      { time: 1_738_368_000, open: 231.77, high: 232, low: 231.5, close: 231.51 },
      { time: 1_738_368_060, open: 0.000_021, high: 0.000_03, low: 0.000_02, close: 0.000_021 },
    ]);
  });

  it.each([
    ["empty", "", 'prices.csv line 1: "" is not the header'],
    ["without candles", lines(), 'prices.csv line 2: "" is no candle: the file is empty'],
    ["without its header", FIRST, `prices.csv line 1: "${FIRST}" is not the header`],
    ["short of a field", lines(FIRST, "1738368060,1,1,1,1"), "line 3: .* has 5 fields instead of 6"],
    ["with an empty line", lines(FIRST, "", "1738368120,1,1,1,1,1"), 'line 3: "" has 1 fields'],
    ["with a word for a number", lines("1738368000,1,1,x1,1,1"), 'line 2: low "x1" is no number'],
    ["with an empty field", lines("1738368000,1,1,,1,1"), 'line 2: low "" is no number'],
    ["with an endless number", lines("1738368000,1,1e999,1,1,1"), 'line 2: high "1e999" is no number'],
    ["with half a second", lines("1738368000.5,1,1,1,1,1"), "line 2: time 1738368000.5 is not in whole seconds"],
    ["with a gap", lines(FIRST, "1738368180,1,1,1,1,1"), "line 3: time 1738368180 leaves a gap: 1738368060 comes next"],
    ["with a duplicate", lines(FIRST, "1738368000,1,1,1,1,1"), "line 3: time 1738368000 is a duplicate"],
    ["that goes back", lines(FIRST, "1738367940,1,1,1,1,1"), "line 3: time 1738367940 goes back"],
    ["with a price of zero", lines("1738368000,1,1,0,1,1"), "line 2: low 0 is no price"],
    ["with a negative price", lines("1738368000,-1,1,1,1,1"), "line 2: open -1 is no price"],
    ["with a high below its low", lines("1738368000,2,1,3,2,1"), "line 2: high 1 is below low 3"],
    ["that opens above its high", lines("1738368000,3,2,1,1,1"), "line 2: open 3 is outside of low 1 to high 2"],
    ["that closes below its low", lines("1738368000,2,3,2,1,1"), "line 2: close 1 is outside of low 2 to high 3"],
    ["with a negative volume", lines("1738368000,1,1,1,1,-1"), "line 2: volume -1 is negative"],
  ])("%s is refused with its line and the value", (_, text, line) => {
    expect(() => parse(text)).toThrow(new RegExp(line.replaceAll("(", "\\(")));
  });

  it("is named when it cannot be read", () => {
    expect(() => readCandles("/nowhere/prices.csv")).toThrow(/^\/nowhere\/prices.csv cannot be read: ENOENT/);
  });

  it("is read from where it is", () => {
    const directory = mkdtempSync(path.join(tmpdir(), "candles-"));
    const file = path.join(directory, "prices.csv");
    writeFileSync(file, lines(FIRST));
    expect(readCandles(file)).toHaveLength(1);
    rmSync(directory, { recursive: true });
  });
});
