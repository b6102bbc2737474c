/**
 * A container of a function: one invocation at a time, from its start to its end or its death, and every await in between.
 *
 * Invariants:
 * - nothing a function waits for comes at once: others act in between, before and after what it asked for is done;
 * - a function that is dead does nothing more, but for what it had asked for, which may still happen;
 * - a frozen one goes on much later with what it knew; the watchdog that ends a function sleeps with it.
 */
import type { Clock } from "@backstop/core/clock";
import type { Dice } from "./dice.ts";
import type { Timeline } from "./timeline.ts";
import type { Fault, Weather } from "./weather.ts";

export interface World {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly dice: Dice;
  /** To the outside, by all invocations. */
  readonly calls: { made: number };
}

/** What may befall a call to the outside, and how long it takes in milliseconds. */
export interface Line {
  readonly latency: readonly [number, number];
  /** Nothing is done, and the caller gets the error. */
  readonly before: readonly Trouble[];
  /** It is done, and the caller gets the error. */
  readonly after: readonly Trouble[];
}

export interface Trouble {
  readonly fault: Fault;
  readonly error: () => Error;
}

/** The beginning of every simulation. */
const EPOCH = Date.UTC(2026, 0, 1);

const SKEW_MAX_MS = 400;

const FREEZE_MS = [20_000, 140_000] as const;

/** Of what a dead function had asked for, this much is done all the same: it was on its way. */
const ON_ITS_WAY = 0.5;

/** One answer in so many takes this much longer. */
const SLOW = { chance: 0.03, times: 20 };

/** A promise of its own for each: what waits for one that is shared would never be forgotten. */
const never = (): Promise<never> => new Promise(() => {});

export class Invocation {
  readonly name: string;
  readonly clock: Clock;
  readonly #world: World;
  readonly #skew: number;
  #isDead = false;
  /** Whose death nobody waits for: it has ended, or sleeps together with its watchdog. */
  #isUnwatched = false;
  /** Which of the container's invocations this is. */
  #number = 0;
  #died: () => void = () => {};

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    const { weather, dice, timeline } = world;
    this.#skew = weather.strikes("clockSkew") ? dice.between(-SKEW_MAX_MS, SKEW_MAX_MS) : 0;
    this.clock = {
      now: () => momentOf(timeline.now + this.#skew),
      sleep: async (milliseconds) => {
        await timeline.wait(milliseconds);
        if (this.#isDead) await never();
      },
      deadline: () => new AbortController().signal,
    };
  }

  /** `died`: called when it will not come back. */
  begin(timeoutMs: number, died: () => void): void {
    const number = ++this.#number;
    this.#isUnwatched = false;
    this.#died = died;
    this.#world.timeline.after(timeoutMs, () => {
      if (number === this.#number && !this.#isUnwatched) this.#die();
    });
  }

  /** Its work is done. Answers whether the container may have another one. */
  end(): boolean {
    const mayGoOn = !this.#isDead && !this.#isUnwatched;
    this.#isUnwatched = true;
    return mayGoOn;
  }

  /** One call to the outside: `effect` is done at one moment, if at all. */
  async call<Answer>(line: Line, effect: () => Answer | Promise<Answer>): Promise<Answer> {
    const { timeline, dice, calls } = this.#world;
    calls.made++;
    await timeline.wait(this.#latency(line));
    if (this.#isDead) {
      if (!dice.chance(ON_ITS_WAY)) await never();
    } else {
      const fate = this.#fate();
      if (fate !== "spared") await this.#suffer(fate);
    }
    this.#trouble(line.before);
    const answer = await effect();
    await timeline.wait(this.#latency(line));
    if (this.#isDead) await never();
    const fate = this.#fate();
    if (fate !== "spared") await this.#suffer(fate);
    this.#trouble(line.after);
    return answer;
  }

  #latency({ latency: [min, max] }: Line): number {
    const { dice, weather } = this.#world;
    const usual = dice.between(min, max) / 2;
    return !weather.isCalm && dice.chance(SLOW.chance) ? usual * SLOW.times : usual;
  }

  #fate(): "spared" | "killed" | "frozen" {
    const { weather } = this.#world;
    if (weather.strikes("kill")) return "killed";
    return weather.strikes("freeze") ? "frozen" : "spared";
  }

  async #suffer(fate: "killed" | "frozen"): Promise<void> {
    const { timeline, dice } = this.#world;
    if (fate === "killed") this.#die();
    else {
      this.#isUnwatched = true;
      await timeline.wait(dice.between(...FREEZE_MS));
    }
    if (this.#isDead) await never();
  }

  #trouble(troubles: readonly Trouble[]): void {
    for (const { fault, error } of troubles) {
      if (this.#world.weather.strikes(fault)) throw error();
    }
  }

  #die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#died();
  }
}

/** As a date of the simulation. */
export const momentOf = (milliseconds: number): Date => new Date(EPOCH + Math.floor(milliseconds));
