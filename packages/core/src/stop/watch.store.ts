/**
 * What the evaluator keeps in Redis: its lease, the book (a base and the changes since), marks, accepted prices, the
 * time of its last tick.
 *
 * Invariants: all of it can be lost; an absent base means "rebuild", never "empty". A base counts while its last change is
 * still among the changes: one that was written by who slept while they were lost, or cut, is as good as absent, since
 * nobody knows what it misses. Nothing here excludes anything: two evaluators at once are harmless, since a claim is one
 * conditional statement in Postgres.
 */
import type { Redis } from "@upstash/redis";
import { type Price, price } from "../money/price.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import type { BookChange } from "./book.ts";
import type { ArmedStop } from "./stop.ts";

const KEYS = {
  lease: "backstop:evaluator:lease",
  tick: "backstop:evaluator:tick",
  base: "backstop:book:base",
  changes: "backstop:book:changes",
  marks: "backstop:book:marks",
  fired: "backstop:book:fired",
  prices: "backstop:prices",
} as const;

/** A little longer than an evaluator may run, so that a lease never ends under a healthy one. */
export const LEASE_SECONDS = 180;

/** Far more changes than a minute brings, after which a new evaluator has written a new base. */
export const CHANGES_MAX = 10_000;

export interface LoadedBook {
  readonly stops: readonly ArmedStop[];
  /** The mark of a version of a rule, where one has risen. */
  readonly marks: ReadonlyMap<string, Price>;
  readonly fired: readonly LatchedStop[];
  readonly changes: readonly BookChange[];
  /** Of the last change read. */
  readonly cursor: string;
  /** When what is here was last written to by an evaluator that ticked; null: none has, or it has ended. */
  readonly lastTickAt: Date | null;
}

/** A stop that fired and is not yet claimed; it stays, whatever the price does. */
export interface LatchedStop {
  readonly armed: ArmedStop;
  readonly acceptedPrice: Price;
}

export interface Look {
  /** The evaluator that should be ticking; null: Redis has lost it, and with it perhaps the book. */
  readonly owner: string | null;
  readonly changes: readonly BookChange[];
  readonly cursor: string;
}

export interface TickRecord {
  readonly at: Date;
  readonly prices: ReadonlyMap<string, AcceptedPrice>;
  /** Marks that rose and are not written yet. */
  readonly marks: readonly ArmedStop[];
}

export interface WatchStore {
  takeLease(owner: string, at: Date): Promise<void>;
  /** Gives the lease back, unless a successor has it, and says that nobody ticks. */
  releaseLease(owner: string): Promise<void>;
  /** Null: there is no base, or not all changes since, so the book has to be rebuilt. */
  load(): Promise<LoadedBook | null>;
  /** Where the changes stand now: read before Postgres is, so that a rebuild misses none. Begins them where there are none. */
  cursor(): Promise<string>;
  writeBase(stops: readonly ArmedStop[], cursor: string): Promise<void>;
  look(cursor: string): Promise<Look>;
  append(change: BookChange): Promise<void>;
  recordTick(tick: TickRecord): Promise<void>;
  latch(fired: readonly LatchedStop[]): Promise<void>;
  /** Forgets stops that are settled: their latches and marks, and their places in the book. */
  settle(stops: readonly ArmedStop[]): Promise<void>;
  /** When the evaluator that should be ticking took over, null when none is; and when one last ticked. */
  evaluator(): Promise<{ readonly leasedAt: Date | null; readonly lastTickAt: Date | null }>;
  rememberPrices(prices: ReadonlyMap<string, AcceptedPrice>): Promise<void>;
  prices(symbols: readonly string[]): Promise<ReadonlyMap<string, AcceptedPrice>>;
}

export interface Lease {
  readonly owner: string;
  readonly at: string;
}

export interface Base {
  /** Their marks are those that Postgres knows; the risen ones are kept apart. */
  readonly stops: readonly ArmedStop[];
  readonly cursor: string;
}

/** One without a change is how they began. */
type ChangeEntries = Record<string, { readonly change?: BookChange }>;

/** Before the first change: for who reads them all. No base goes on from here. */
export const START = "0-0";

const TRIM = { trim: { type: "MAXLEN", threshold: CHANGES_MAX, comparison: "~" } } as const;

/** A mark belongs to one version of a rule: a rule that replaced it starts from its own. */
export const markField = ({ positionId, version }: ArmedStop): string => `${positionId}:${version}`;

/** Two evaluators may write in any order, and a mark never moves back: the better one stays. */
const RAISE_MARKS = `
  for i = 1, #ARGV, 3 do
    local held = redis.call('HGET', KEYS[1], ARGV[i])
    local mark = tonumber(ARGV[i + 2])
    if not held or (ARGV[i + 1] == 'buy' and tonumber(held) < mark) or (ARGV[i + 1] == 'sell' and tonumber(held) > mark) then
      redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    end
  end
  return 0`;

/** Changes that are gone are told from those that are there by the id of one of them, so there has to be one. */
const CURSOR = `
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  if last[1] then return last[1][1] end
  return redis.call('XADD', KEYS[1], '*', 'began', '1')`;

const RELEASE_LEASE = `
  local lease = redis.call('GET', KEYS[1])
  if lease and cjson.decode(lease).owner == ARGV[1] then redis.call('DEL', KEYS[1], KEYS[2]) end
  return 0`;

export function watchStore(redis: Redis): WatchStore {
  /** What a range that goes on from `cursor` holds. */
  const changesIn = (entries: ChangeEntries | null, cursor: string) => {
    const ids = Object.keys(entries ?? {});
    return {
      changes: Object.values(entries ?? {}).flatMap(({ change }) => change ?? []),
      cursor: ids.at(-1) ?? cursor,
    };
  };

  return {
    async takeLease(owner, at) {
      await redis.set(KEYS.lease, { owner, at: at.toISOString() } satisfies Lease, { ex: LEASE_SECONDS });
    },
    async releaseLease(owner) {
      await redis.eval(RELEASE_LEASE, [KEYS.lease, KEYS.tick], [owner]);
    },

    async load() {
      const [base, marks, fired, tick] = await redis
        .pipeline()
        .get<Base>(KEYS.base)
        .hgetall<Record<string, string>>(KEYS.marks)
        .hgetall<Record<string, LatchedStop>>(KEYS.fired)
        .get<string>(KEYS.tick)
        .exec();
      if (!base) return null;
      const { [base.cursor]: last, ...since } = await redis.xrange<ChangeEntries[string]>(
        KEYS.changes,
        base.cursor,
        "+",
      );
      if (!last) return null;
      return {
        stops: base.stops,
        marks: new Map(Object.entries(marks ?? {}).map(([field, mark]) => [field, price(Number(mark))])),
        fired: Object.values(fired ?? {}),
        ...changesIn(since, base.cursor),
        lastTickAt: tick ? new Date(tick) : null,
      };
    },

    async cursor() {
      return redis.eval<[], string>(CURSOR, [KEYS.changes], []);
    },

    async writeBase(stops, cursor) {
      await redis.set(KEYS.base, { stops, cursor } satisfies Base);
    },

    async look(cursor) {
      const [lease, entries] = await redis
        .pipeline()
        .get<Lease>(KEYS.lease)
        .xrange<ChangeEntries[string]>(KEYS.changes, `(${cursor}`, "+")
        .exec();
      return { owner: lease?.owner ?? null, ...changesIn(entries, cursor) };
    },

    async append(change) {
      await redis.xadd(KEYS.changes, "*", { change }, TRIM);
    },

    async recordTick({ at, prices, marks }) {
      const pipeline = redis.pipeline().set(KEYS.tick, at.toISOString());
      if (prices.size > 0) pipeline.hset(KEYS.prices, Object.fromEntries(prices));
      if (marks.length > 0) {
        const triples = marks.flatMap((armed) => [markField(armed), armed.side, String(armed.highWaterMark)]);
        pipeline.eval(RAISE_MARKS, [KEYS.marks], triples);
      }
      await pipeline.exec();
    },

    async latch(fired) {
      if (fired.length === 0) return;
      await redis.hset(KEYS.fired, Object.fromEntries(fired.map((each) => [String(each.armed.positionId), each])));
    },
    async settle(stops) {
      if (stops.length === 0) return;
      const pipeline = redis.pipeline();
      for (const { positionId, version } of stops) {
        const change: BookChange = { type: "disarm", positionId, version };
        pipeline.xadd(KEYS.changes, "*", { change }, TRIM);
      }
      pipeline.hdel(KEYS.fired, ...stops.map((armed) => String(armed.positionId)));
      pipeline.hdel(KEYS.marks, ...stops.map(markField));
      await pipeline.exec();
    },

    async evaluator() {
      const [lease, at] = await redis.pipeline().get<Lease>(KEYS.lease).get<string>(KEYS.tick).exec();
      return { leasedAt: lease ? new Date(lease.at) : null, lastTickAt: at ? new Date(at) : null };
    },

    async rememberPrices(prices) {
      if (prices.size > 0) await redis.hset(KEYS.prices, Object.fromEntries(prices));
    },
    async prices(symbols) {
      if (symbols.length === 0) return new Map();
      const held = await redis.hmget<Record<string, AcceptedPrice | null>>(KEYS.prices, ...symbols);
      return new Map(
        Object.entries(held ?? {}).flatMap(([symbol, each]) =>
          each ? [[symbol, { ...each, at: new Date(each.at) }]] : [],
        ),
      );
    },
  };
}
