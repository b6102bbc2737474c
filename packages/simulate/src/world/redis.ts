/**
 * Redis as functions get it: what was written may not be read yet, and all of it may be gone.
 *
 * Invariant: an answer is what was true at one moment: now, or some seconds ago.
 */
import type { WatchStore } from "@backstop/core/stop/watch.store";
import { EMPTY_WATCH_STATE, memoryWatchStore, type WatchState } from "@backstop/core/testing/memory/watch";
import type { Dice } from "../kernel/dice.ts";
import { type Invocation, type Line, momentOf } from "../kernel/invocation.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Weather } from "../kernel/weather.ts";
import { overNetwork } from "./ports.ts";

export interface RedisDeps {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly dice: Dice;
}

/** How far behind an answer may be: a region that catches up. */
const STALE_MS = 10_000;

const error = () => new Error("Redis did not answer");

const LINE: Line = {
  latency: [1, 10],
  before: [{ fault: "redisTimeout", error }],
  after: [{ fault: "redisReplyLost", error }],
};

/** What only reads; the rest goes on from what is there. */
const READING = ["load", "look", "evaluator", "prices"] as const satisfies readonly (keyof WatchStore)[];

export function redis({ timeline, weather, dice }: RedisDeps): (invocation: Invocation) => WatchStore {
  const past: { readonly until: number; readonly state: WatchState }[] = [];
  let state = EMPTY_WATCH_STATE;
  const write = (next: WatchState) => {
    past.push({ until: timeline.now, state });
    while ((past[0]?.until ?? Number.POSITIVE_INFINITY) < timeline.now - STALE_MS) past.shift();
    state = next;
  };
  const stale = (): WatchState => {
    const at = timeline.now - dice.between(0, STALE_MS);
    return past.find(({ until }) => until > at)?.state ?? state;
  };
  const read = (): WatchState => {
    if (weather.strikes("redisFlush")) write(EMPTY_WATCH_STATE);
    return weather.strikes("redisStale") ? stale() : state;
  };
  const clock = { now: () => momentOf(timeline.now) };
  const writing = memoryWatchStore({ read: () => state, write }, clock);
  const reading = memoryWatchStore({ read, write }, clock);
  const readers = Object.fromEntries(READING.map((name) => [name, reading[name]]));
  return overNetwork({ ...writing, ...readers } as WatchStore, LINE);
}
