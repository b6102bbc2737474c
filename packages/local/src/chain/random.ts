// Randomness that a seed repeats: a local run and a failing test can be played again.

import { createHash } from "node:crypto";

/** Uniform in [0, 1). */
export type Random = () => number;

/** One stream per seed; name it by purpose (`${seed}/slots`), so that streams do not disturb each other. */
export function randomFrom(seed: string): Random {
  let state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  return () => {
    // mulberry32: 32 bits of state are plenty for a path of prices.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
