/**
 * What the evaluator keeps in Redis, in memory, for a simulator that loses it, answers from an old one, or goes back to it.
 *
 * Invariants:
 * - all of it is one value that nothing changes: an operation takes it once and, if it writes, puts another in its place
 *   that shares what stays, all before it returns;
 * - what is read is a function of that value and, for the lease, of the clock: an old one answers as it did;
 * - values are what JSON brings back of those that were given.
 */
import type { Clock } from "../../src/clock.ts";
import type { Price } from "../../src/money/price.ts";
import type { AcceptedPrice } from "../../src/price/accepted.ts";
import type { BookChange } from "../../src/stop/book.ts";
import { type ArmedStop, raise } from "../../src/stop/stop.ts";
import {
  type Base,
  LEASE_SECONDS,
  type LatchedStop,
  type Lease,
  markField,
  type WatchStore,
} from "../../src/stop/watch.store.ts";
import { type Changes, changesAfter, cursorOf, isThere, withChange } from "./watch-changes.ts";

export interface WatchState {
  readonly lease: (Lease & { readonly expiresAt: number }) | null;
  /** When an evaluator last ticked. */
  readonly tick: string | null;
  readonly base: Base | null;
  readonly changes: Changes | null;
  readonly marks: ReadonlyMap<string, Price>;
  readonly fired: ReadonlyMap<number, LatchedStop>;
  readonly prices: ReadonlyMap<string, KeptPrice>;
}

type KeptPrice = Omit<AcceptedPrice, "at"> & { readonly at: string };

/**
 * Where the value is. `load`, `look`, `evaluator` and `prices` only read it; the others go on from what they read, so that
 * an old one is for those four alone.
 */
export interface WatchHold {
  read(): WatchState;
  write(state: WatchState): void;
}

/** What is there at first, and after everything was lost. */
export const EMPTY_WATCH_STATE: WatchState = {
  lease: null,
  tick: null,
  base: null,
  changes: null,
  marks: new Map(),
  fired: new Map(),
  prices: new Map(),
};

export function memoryWatchStore(hold: WatchHold, clock: Pick<Clock, "now">): WatchStore {
  const now = () => clock.now().getTime();
  const update = (change: (state: WatchState) => Partial<WatchState>): void => {
    const state = hold.read();
    hold.write({ ...state, ...change(state) });
  };
  const lease = (state: WatchState): Lease | null =>
    state.lease && now() <= state.lease.expiresAt ? state.lease : null;

  return {
    async takeLease(owner, at) {
      const expiresAt = now() + LEASE_SECONDS * 1_000;
      update(() => ({ lease: { owner, at: at.toISOString(), expiresAt } }));
    },
    async releaseLease(owner) {
      const state = hold.read();
      if (lease(state)?.owner === owner) hold.write({ ...state, lease: null, tick: null });
    },

    async load() {
      const { base, changes, marks, fired, tick } = hold.read();
      if (!base || !isThere(changes, base.cursor)) return null;
      // A hash comes back as an object, whose keys are in order if they are whole numbers.
      const inOrder = [...fired.values()].sort((one, other) => one.armed.positionId - other.armed.positionId);
      const lastTickAt = tick === null ? null : new Date(tick);
      return { stops: base.stops, marks, fired: inOrder, ...changesAfter(changes, base.cursor), lastTickAt };
    },

    async cursor() {
      const state = hold.read();
      const changes = state.changes ?? withChange(null, null, now());
      if (changes !== state.changes) hold.write({ ...state, changes });
      return cursorOf(changes);
    },

    async writeBase(stops, cursor) {
      update(() => ({ base: asJson({ stops, cursor }) }));
    },

    async look(cursor) {
      const state = hold.read();
      return { owner: lease(state)?.owner ?? null, ...changesAfter(state.changes, cursor) };
    },

    async append(change) {
      update(({ changes }) => ({ changes: withChange(changes, asJson(change), now()) }));
    },

    async recordTick({ at, prices, marks }) {
      update((state) => ({
        tick: at.toISOString(),
        prices: withPrices(state.prices, prices),
        marks: withMarks(state.marks, marks),
      }));
    },

    async latch(fired) {
      if (fired.length === 0) return;
      const latches = fired.map((each) => [each.armed.positionId, asJson(each)] as const);
      update((state) => ({ fired: new Map([...state.fired, ...latches]) }));
    },
    async settle(stops) {
      if (stops.length === 0) return;
      const disarms = stops.map(({ positionId, version }): BookChange => ({ type: "disarm", positionId, version }));
      const positions = stops.map(({ positionId }) => positionId);
      update(({ changes, fired, marks }) => ({
        changes: disarms.reduce((before, disarm) => withChange(before, disarm, now()), changes),
        fired: without(fired, positions),
        marks: without(marks, stops.map(markField)),
      }));
    },

    async evaluator() {
      const state = hold.read();
      const leasedAt = lease(state)?.at;
      return {
        leasedAt: leasedAt === undefined ? null : new Date(leasedAt),
        lastTickAt: state.tick === null ? null : new Date(state.tick),
      };
    },

    async rememberPrices(prices) {
      if (prices.size > 0) update((state) => ({ prices: withPrices(state.prices, prices) }));
    },
    async prices(symbols) {
      const held = hold.read().prices;
      return new Map(
        symbols.flatMap((symbol) => {
          const each = held.get(symbol);
          return each ? [[symbol, { ...each, at: new Date(each.at) }] as const] : [];
        }),
      );
    },
  };
}

/** Also so that what the caller does with its own value later is nothing to the one that is kept. */
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function withPrices(
  held: WatchState["prices"],
  prices: ReadonlyMap<string, AcceptedPrice>,
): ReadonlyMap<string, KeptPrice> {
  if (prices.size === 0) return held;
  const kept = [...prices].map(([symbol, each]) => [symbol, { ...each, at: each.at.toISOString() }] as const);
  return new Map([...held, ...kept]);
}

/** Two evaluators may write in any order, and a mark never moves back: the better one stays. */
function withMarks(held: WatchState["marks"], marks: readonly ArmedStop[]): ReadonlyMap<string, Price> {
  if (marks.length === 0) return held;
  const raised = new Map(held);
  for (const armed of marks) {
    const field = markField(armed);
    raised.set(field, raise(armed.side, raised.get(field) ?? armed.highWaterMark, armed.highWaterMark));
  }
  return raised;
}

function without<K, V>(held: ReadonlyMap<K, V>, keys: readonly K[]): ReadonlyMap<K, V> {
  if (!keys.some((key) => held.has(key))) return held;
  const rest = new Map(held);
  for (const key of keys) rest.delete(key);
  return rest;
}
