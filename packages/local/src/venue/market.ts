// Where a market's price goes, block by block: calm, then a story with an end, then a walk.
//
// Invariants of a story for side `buy`, for every seed: its peak is at least 2 % above its start; before the peak it
// is never 2.5 % below the highest price it has had; its trough is at least 6 % below its peak. For side `sell` each
// factor is the reciprocal of that: first down by 2 %, never 2.57 % above its lowest before the bottom, then up by 6 %.
// Prices are indications here; the arbitrageur turns them into exact ratios.

import type { Side } from "@backstop/core/market/market";
import type { Random } from "../chain/random.ts";
import type { KeptReference, Reference, Stage } from "./reference.ts";

/** 28 s at 400 ms a block: long enough to watch, short enough to wait for. */
export const STORY_BLOCKS = 70;

const RISE = { least: 0.025, most: 0.05 };
// From the top, so that with the noise below the drop from the peak stays between 6 and 10 %.
const FALL = { least: 0.062, most: 0.088 };

// Noise can take the price this far from the story's line, so a dip before the peak is at most three
// times as deep (down from above the line, up to a later peak).
const STORY_NOISE_MAX = 0.006;
const STORY_NOISE = 0.002;

const CALM_NOISE_MAX = 0.002;
const CALM_NOISE = 0.0003;

// Pulled back by 1/200 a block, single steps of at most 1.5 %: in the long run within some percents of
// where the story ended, and never anywhere near zero.
const WALK_NOISE = 0.0008;
const WALK_PULL = 0.005;
const WALK_STEP_MAX = 0.015;

const JUMP_PROBABILITY = 0.05;
const JUMP = 5;

const between = ({ least, most }: { least: number; most: number }, random: Random): number =>
  least + (most - least) * random();

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

/** Standard normal (Box–Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Normal with fat tails: now and then a step is a jump. */
const shock = (random: Random): number => normal(random) * (random() < JUMP_PROBABILITY ? JUMP : 1);

/** A line from 0 to the given height in uneven steps that all go its way. */
function unevenLine(height: number, steps: number, random: Random): number[] {
  const weights = Array.from({ length: steps }, () => Math.exp(shock(random) / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let travelled = 0;
  return weights.map((weight) => {
    travelled += weight;
    return (height * travelled) / total;
  });
}

/** The prices of a story, one per block, as factors of its start. */
export const story = (side: Side, blocks: number, random: Random): number[] =>
  riseAndFall(blocks, random).map((factor) => (side === "buy" ? factor : 1 / factor));

function riseAndFall(blocks: number, random: Random): number[] {
  const rising = Math.ceil(blocks / 2);
  const top = Math.log(1 + between(RISE, random));
  const fall = Math.log(1 - between(FALL, random));
  const line = [
    ...unevenLine(top, rising, random),
    ...unevenLine(fall, blocks - rising, random).map((depth) => top + depth),
  ];
  let noise = 0;
  return line.map((height, block) => {
    noise = clamp(0.6 * noise + STORY_NOISE * shock(random), STORY_NOISE_MAX);
    // The top and the end are what the invariants are about: there the price is on the line.
    const exact = block === rising - 1 || block === blocks - 1;
    return Math.exp(exact ? height : height + noise);
  });
}

export class ReferencePrice implements Reference {
  readonly #random: Random;
  #anchor: number;
  /** Logarithm of price over anchor. */
  #offset = 0;
  #told = false;
  #story: number[] = [];

  /** `kept`: goes on in the middle of what an earlier run told. */
  constructor(start: number, random: Random, kept?: Extract<KeptReference, { kind: "story" }>) {
    this.#anchor = start;
    this.#random = random;
    if (!kept) return;
    this.#told = kept.rest.length > 0;
    this.#story = kept.rest.map((price) => price / start).reverse();
  }

  get price(): number {
    return this.#anchor * Math.exp(this.#offset);
  }

  get stage(): Stage {
    if (!this.#told) return "waiting";
    return this.#story.length > 0 ? "telling" : "over";
  }

  begin(side: Side, blocks: number = STORY_BLOCKS): void {
    this.#settleAt(this.price);
    this.#story = story(side, blocks, this.#random).reverse();
    this.#told = true;
  }

  /** The rest of a story is told from there. */
  move(factor: number): void {
    this.#anchor *= factor;
  }

  next(): number {
    const factor = this.#story.pop();
    if (factor !== undefined) {
      this.#offset = Math.log(factor);
      if (this.#story.length === 0) this.#settleAt(this.price);
    } else if (this.#told) {
      const step = WALK_NOISE * shock(this.#random) - WALK_PULL * this.#offset;
      this.#offset += clamp(step, WALK_STEP_MAX);
    } else {
      this.#offset = clamp(0.9 * this.#offset + CALM_NOISE * shock(this.#random), CALM_NOISE_MAX);
    }
    return this.price;
  }

  kept(): KeptReference {
    const rest = this.#story.map((factor) => this.#anchor * factor).reverse();
    return { kind: "story", price: this.price, rest };
  }

  #settleAt(price: number): void {
    this.#anchor = price;
    this.#offset = 0;
  }
}
