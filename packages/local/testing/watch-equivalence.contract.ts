/**
 * The evaluator's state in memory answers as Redis does, whatever is asked in whatever order.
 *
 * Cursors are opaque: each side is asked with those it gave itself, and the answers say which of them came back.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { bps } from "@backstop/core/money/bps";
import type { AcceptedPrice } from "@backstop/core/price/accepted";
import type { BookChange } from "@backstop/core/stop/book";
import type { ArmedStop, Stop } from "@backstop/core/stop/stop";
import { type LatchedStop, START } from "@backstop/core/stop/watch.store";
import { price } from "@backstop/core/testing/given";
import { openMemoryWatch } from "@backstop/core/testing/memory/watch.given";
import type { OpenedWatch } from "@backstop/core/testing/watch.contract";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

/** One of the two, and the cursors it gave. */
class Side {
  readonly #watch: OpenedWatch;
  readonly #cursors = [START];

  constructor(watch: OpenedWatch) {
    this.#watch = watch;
  }

  async answer(ask: Ask): Promise<unknown> {
    const answer = await ask(this.#watch, (nth) => this.#cursors[nth % this.#cursors.length] ?? START);
    if (typeof answer === "string") return this.#nth(answer);
    const hasCursor = typeof answer === "object" && answer !== null && "cursor" in answer;
    return hasCursor ? { ...answer, cursor: this.#nth(String(answer.cursor)) } : answer;
  }

  #nth(cursor: string): number {
    if (!this.#cursors.includes(cursor)) this.#cursors.push(cursor);
    return this.#cursors.indexOf(cursor);
  }
}

type Ask = (watch: OpenedWatch, cursor: (nth: number) => string) => Promise<unknown>;

const prices = fc
  .oneof(fc.integer({ min: 1, max: 4 }), fc.double({ min: 1e-12, max: 1e15, noNaN: true }))
  .map((value) => price(value));
const distances = fc.integer({ min: 1, max: 9_999 }).map((value) => bps(value));
const stops: fc.Arbitrary<Stop> = fc.oneof(
  fc.record({ kind: fc.constant("fixed" as const), price: prices }),
  fc.record(
    { kind: fc.constant("trailing" as const), distanceBps: distances, activationBps: distances },
    { requiredKeys: ["kind", "distanceBps"] },
  ),
);
const symbols = fc.constantFrom("SOL/USDC", "JUP/USDC", "7");
/** Few enough to meet each other, and in an order that is not that of their names. */
const positionIds = fc.constantFrom(2, 11, 100);
const versions = fc.integer({ min: 1, max: 2 });
const armedStops: fc.Arbitrary<ArmedStop> = fc.record({
  positionId: positionIds,
  symbol: symbols,
  side: fc.constantFrom("buy" as const, "sell" as const),
  version: versions,
  stop: stops,
  entryPrice: prices,
  highWaterMark: prices,
});
const changes: fc.Arbitrary<BookChange> = fc.oneof(
  fc.record({ type: fc.constant("arm" as const), armed: armedStops }),
  fc.record({ type: fc.constant("disarm" as const), positionId: positionIds, version: versions }),
);
const latches: fc.Arbitrary<LatchedStop> = fc.record({ armed: armedStops, acceptedPrice: prices });
const moments = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
const accepted: fc.Arbitrary<AcceptedPrice> = fc.record({ price: prices, at: moments, source: fc.string() });
const priced = fc.array(fc.tuple(symbols, accepted), { maxLength: 3 }).map((each) => new Map(each));
const owners = fc.constantFrom("evl_1", "evl_2", "3");
const some = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 4 });

/** Written with a name, so that a counterexample can be read. */
const asking = <T extends unknown[]>(
  name: string,
  given: { [K in keyof T]: fc.Arbitrary<T[K]> },
  ask: (watch: OpenedWatch, cursor: (nth: number) => string, ...args: T) => Promise<unknown>,
): fc.Arbitrary<Ask> =>
  fc.tuple<T>(...given).map((args) =>
    Object.assign<Ask, object>((watch, cursor) => ask(watch, cursor, ...args), {
      [fc.toStringMethod]: () => `${name}(${args.map((each) => fc.stringify(each)).join(", ")})`,
    }),
  );

const asks: fc.Arbitrary<Ask> = fc.oneof(
  asking("takeLease", [owners, moments], ({ store }, _, owner, at) => store.takeLease(owner, at)),
  asking("releaseLease", [owners], ({ store }, _, owner) => store.releaseLease(owner)),
  asking("load", [], ({ store }) => store.load()),
  asking("cursor", [], ({ store }) => store.cursor()),
  asking("writeBase", [some(armedStops), fc.nat(9)], ({ store }, cursor, base, nth) =>
    store.writeBase(base, cursor(nth)),
  ),
  asking("look", [fc.nat(9)], ({ store }, cursor, nth) => store.look(cursor(nth))),
  asking("append", [changes], ({ store }, _, change) => store.append(change)),
  asking("recordTick", [moments, priced, some(armedStops)], ({ store }, _, at, known, marks) =>
    store.recordTick({ at, prices: known, marks }),
  ),
  asking("latch", [some(latches)], ({ store }, _, fired) => store.latch(fired)),
  asking("settle", [some(armedStops)], ({ store }, _, settled) => store.settle(settled)),
  asking("evaluator", [], ({ store }) => store.evaluator()),
  asking("rememberPrices", [priced], ({ store }, _, known) => store.rememberPrices(known)),
  asking("prices", [some(symbols)], ({ store }, _, asked) => store.prices(asked)),
);

/** Ids of changes are times, so that those after it are later than those before. */
const flushes = asking("flush", [], async (watch) => {
  await watch.flush();
  await sleep(2);
});

const lastly = ({ store }: OpenedWatch) =>
  Promise.all([store.load(), store.look(START), store.evaluator(), store.prices(["SOL/USDC", "JUP/USDC", "7"])]).then(
    ([book, look, ...rest]) => [{ ...book, cursor: null }, { ...look, cursor: null }, ...rest],
  );

export function watchEquivalence(name: string, open: () => Promise<OpenedWatch>): void {
  let redis: OpenedWatch;

  beforeAll(async () => {
    redis = await open();
  });
  afterAll(() => redis.close());

  test(`the evaluator's state in memory answers as it does ${name}`, async () => {
    const sequences = fc.array(fc.oneof({ weight: 19, arbitrary: asks }, { weight: 1, arbitrary: flushes }), {
      maxLength: 50,
      size: "max",
    });
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        await redis.flush();
        const memory = openMemoryWatch({ now: () => new Date() });
        const [one, other] = [new Side(memory), new Side(redis)];
        for (const ask of sequence) expect(await one.answer(ask)).toEqual(await other.answer(ask));
        expect(await lastly(memory)).toEqual(await lastly(redis));
      }),
    );
  });
}
