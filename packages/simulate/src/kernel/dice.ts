/** Seeded randomness: the same seed, asked in the same order, gives the same answers. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Dice {
  /** From 0 up to and without 1. */
  fraction(): number;
  /** From `min` up to and without `max`. */
  between(min: number, max: number): number;
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  chance(probability: number): boolean;
  /** @throws RangeError when there is nothing to pick from. */
  pick<Item>(items: readonly Item[]): Item;
}

/** Spreads neighbouring seeds and streams far apart. */
const SPREAD = 0x9e3779b1;

/** `stream`: of one seed, as many independent sequences as are wanted, so that one more throw in one moves no other. */
export function dice(seed: number, stream: number): Dice {
  const generator = xoroshiro128plus(Math.imul(seed ^ Math.imul(stream + 1, SPREAD), SPREAD));
  const fraction = () => (generator.next() >>> 0) / 2 ** 32;
  return {
    fraction,
    between: (min, max) => min + fraction() * (max - min),
    whole: (min, max) => uniformInt(generator, min, max),
    chance: (probability) => fraction() < probability,
    pick(items) {
      const item = items[Math.floor(fraction() * items.length)];
      if (item === undefined) throw new RangeError("there is nothing to pick from");
      return item;
    },
  };
}
