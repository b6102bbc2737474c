/**
 * A file of 1-minute candles, `time,open,high,low,close,volume`, time in unix seconds.
 *
 * Invariant: candles that were read follow each other minute by minute, and each is possible: nothing above its high,
 * nothing below its low, no price of zero. Nothing is repaired or filled in: what is not right is refused with its line.
 */
import { readFileSync } from "node:fs";

export interface Candle {
  /** When it began, in unix seconds. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** Never empty. */
export type Candles = readonly [Candle, ...Candle[]];

export const CANDLE_SECONDS = 60;

const COLUMNS = ["time", "open", "high", "low", "close", "volume"] as const;
const HEADER = COLUMNS.join(",");

/** With an exponent too: what costs a hundred-thousandth is written as 2.1e-05 by many programs. */
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** @throws Error with one line that names the file, the line in it, and the value. */
export function readCandles(file: string): Candles {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseCandles(text, file);
}

/** @throws Error with one line that names the file, the line in it, and the value. */
export function parseCandles(text: string, file: string): Candles {
  const [header = "", ...rows] = text.replace(/\r?\n$/, "").split(/\r?\n/);
  if (header !== HEADER) throw new Error(`${file} line 1: "${header}" is not the header ${HEADER}`);
  const candles = rows.map((row, index) => {
    try {
      return candleOf(row);
    } catch (error) {
      throw at(file, index, error);
    }
  });
  candles.forEach((candle, index) => {
    const before = candles[index - 1];
    if (before && candle.time !== before.time + CANDLE_SECONDS) throw at(file, index, outOfStep(candle, before));
  });
  const [first, ...others] = candles;
  if (!first) throw new Error(`${file} line 2: "" is no candle: the file is empty`);
  return [first, ...others];
}

/** Of the row with that index: one line is the header, and people count from 1. */
const at = (file: string, index: number, error: unknown): Error =>
  new Error(`${file} line ${index + 2}: ${error instanceof Error ? error.message : String(error)}`);

function candleOf(row: string): Candle {
  const fields = row.split(",");
  if (fields.length !== COLUMNS.length) {
    throw new Error(`"${row}" has ${fields.length} fields instead of ${COLUMNS.length}`);
  }
  const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = COLUMNS.map((name, index) =>
    numberOf(name, fields[index] ?? ""),
  );
  if (!Number.isSafeInteger(time) || time < 0) throw new Error(`time ${fields[0]} is not in whole seconds`);
  if (volume < 0) throw new Error(`volume ${volume} is negative`);
  for (const [name, price] of Object.entries({ open, high, low, close })) {
    if (price <= 0) throw new Error(`${name} ${price} is no price: prices are above zero`);
  }
  if (high < low) throw new Error(`high ${high} is below low ${low}`);
  for (const [name, price] of Object.entries({ open, close })) {
    if (price < low || price > high) throw new Error(`${name} ${price} is outside of low ${low} to high ${high}`);
  }
  return { time, open, high, low, close };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!NUMBER.test(text) || !Number.isFinite(value)) throw new Error(`${name} "${text}" is no number`);
  return value;
}

function outOfStep({ time }: Candle, before: Candle): Error {
  const expected = before.time + CANDLE_SECONDS;
  if (time === before.time) return new Error(`time ${time} is a duplicate of the line before`);
  if (time < before.time) return new Error(`time ${time} goes back: the line before has ${before.time}`);
  return new Error(`time ${time} leaves a gap: ${expected} comes next, ${CANDLE_SECONDS} s after the line before`);
}
