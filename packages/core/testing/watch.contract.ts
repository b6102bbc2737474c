/** What every implementation of the evaluator's state must do, whatever is behind it. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bps } from "../src/money/bps.ts";
import type { AcceptedPrice } from "../src/price/accepted.ts";
import type { BookChange } from "../src/stop/book.ts";
import type { ArmedStop } from "../src/stop/stop.ts";
import { CHANGES_MAX, type LatchedStop, START, type WatchStore } from "../src/stop/watch.store.ts";
import { AT, armed, price } from "./given.ts";

export interface OpenedWatch {
  readonly store: WatchStore;
  /** Everything is lost. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const LATER = new Date("2026-03-01T12:00:02.345Z");

const arm = (positionId: number): BookChange => ({ type: "arm", armed: armed({ positionId }) });

const latched = (over: Partial<ArmedStop> = {}, acceptedPrice = 96.5): LatchedStop => ({
  armed: armed(over),
  acceptedPrice: price(acceptedPrice),
});

const accepted = (value: number, at = AT): AcceptedPrice => ({ price: price(value), at, source: "jupiter" });

/** `open` answers for one that may be emptied. */
export function watchContract(name: string, open: () => Promise<OpenedWatch>): void {
  describe(`the evaluator's state, ${name}`, () => {
    let watch: OpenedWatch;
    let store: WatchStore;

    beforeAll(async () => {
      watch = await open();
      store = watch.store;
    });
    afterAll(() => watch.close());
    beforeEach(() => watch.flush());

    const tick = (over: Partial<Parameters<WatchStore["recordTick"]>[0]> = {}) =>
      store.recordTick({ at: AT, prices: new Map(), marks: [], ...over });
    const mark = (over: Partial<ArmedStop>, value: number) =>
      tick({ marks: [armed({ ...over, highWaterMark: price(value) })] });
    const loaded = async () => (await store.load()) ?? expect.unreachable("there is a base");
    const base = async (...stops: ArmedStop[]) => store.writeBase(stops, await store.cursor());
    const ownerNow = async () => (await store.look(START)).owner;

    describe("the lease", () => {
      test("is nobody's at first", async () => {
        expect(await ownerNow()).toBeNull();
        expect(await store.evaluator()).toEqual({ leasedAt: null, lastTickAt: null });
      });

      test("is whose took it last, from the moment that was told", async () => {
        await store.takeLease("evl_1", AT);
        expect(await ownerNow()).toBe("evl_1");
        await store.takeLease("evl_2", LATER);
        expect(await ownerNow()).toBe("evl_2");
        expect(await store.evaluator()).toEqual({ leasedAt: LATER, lastTickAt: null });
      });

      test("is given back by its owner, together with the last tick", async () => {
        await store.takeLease("evl_1", AT);
        await tick();
        await store.releaseLease("evl_1");
        expect(await ownerNow()).toBeNull();
        expect(await store.evaluator()).toEqual({ leasedAt: null, lastTickAt: null });
      });

      test("is not given back by anybody else", async () => {
        await store.takeLease("evl_1", AT);
        await tick({ at: LATER });
        await store.releaseLease("evl_2");
        expect(await ownerNow()).toBe("evl_1");
        expect(await store.evaluator()).toEqual({ leasedAt: AT, lastTickAt: LATER });
      });

      test("that nobody has takes no tick with it", async () => {
        await tick();
        await store.releaseLease("evl_1");
        expect(await store.evaluator()).toEqual({ leasedAt: null, lastTickAt: AT });
      });
    });

    describe("the last tick", () => {
      test("is the one recorded last, and a moment of its own each time", async () => {
        await tick();
        await tick({ at: LATER });
        const { lastTickAt } = await store.evaluator();
        expect(lastTickAt).toEqual(LATER);
        expect(lastTickAt).not.toBe((await store.evaluator()).lastTickAt);
      });
    });

    describe("the book", () => {
      test("is absent without a base, whatever else is there", async () => {
        await store.takeLease("evl_1", AT);
        await store.append(arm(1));
        await store.latch([latched()]);
        await mark({}, 110);
        expect(await store.load()).toBeNull();
      });

      test("is there when it is empty", async () => {
        const cursor = await store.cursor();
        await store.writeBase([], cursor);
        expect(await store.load()).toEqual({
          stops: [],
          marks: new Map(),
          fired: [],
          changes: [],
          cursor,
          lastTickAt: null,
        });
      });

      test("is absent when its base was made before everything was lost, and written after", async () => {
        await store.append(arm(1));
        const cursor = await store.cursor();
        await watch.flush();
        await store.writeBase([armed()], cursor);
        expect(await store.load()).toBeNull();
        await sleep(2); // for ids are times
        await store.append(arm(2));
        expect(await store.load()).toBeNull();
        await base(armed({ positionId: 2 }));
        await store.writeBase([armed()], cursor);
        expect(await store.load()).toBeNull();
      });

      test("is absent when its base goes on from no change", async () => {
        await store.writeBase([armed()], START);
        expect(await store.load()).toBeNull();
        await store.append(arm(1));
        expect(await store.load()).toBeNull();
      });

      test("has the rules of the last base as they were given", async () => {
        const stops: ArmedStop[] = [
          armed({ stop: { kind: "fixed", price: price(0.000_000_123_45) } }),
          armed({ positionId: 2, side: "sell", version: 7, highWaterMark: price(150.1 + 0.2) }),
          armed({ positionId: 3, stop: { kind: "trailing", distanceBps: bps(300), activationBps: bps(500) } }),
        ];
        await base(armed({ positionId: 9 }));
        await base(...stops);
        const given = structuredClone(stops);
        stops.pop();
        expect((await loaded()).stops).toEqual(given);
      });

      test("has the changes since its base, and not those before", async () => {
        await store.append(arm(1));
        await base(armed());
        await store.append(arm(2));
        await store.append({ type: "disarm", positionId: 1, version: 4 });
        const { changes, cursor } = await loaded();
        expect(changes).toEqual([arm(2), { type: "disarm", positionId: 1, version: 4 }]);
        expect(cursor).toBe(await store.cursor());
      });

      test("misses nothing that comes between its cursor and its rows", async () => {
        const cursor = await store.cursor();
        await store.append(arm(1));
        await store.writeBase([], cursor);
        expect((await loaded()).changes).toEqual([arm(1)]);
      });

      test("comes with the marks that rose and the stops that fired", async () => {
        await base(armed());
        await tick({ marks: [armed({ highWaterMark: price(110) }), armed({ positionId: 2, version: 3 })] });
        await store.latch([latched({ positionId: 12 }), latched({ positionId: 2 }, 95)]);
        expect(await loaded()).toMatchObject({
          stops: [armed()],
          marks: new Map([
            ["1:1", 110],
            ["2:3", 100],
          ]),
          fired: [latched({ positionId: 2 }, 95), latched({ positionId: 12 })],
        });
      });
    });

    describe("changes", () => {
      test("are none at first", async () => {
        expect(await store.look(START)).toEqual({ owner: null, changes: [], cursor: START });
      });

      test("begin with the first cursor, which comes before all of them", async () => {
        const cursor = await store.cursor();
        expect(cursor).not.toBe(START);
        expect(await store.cursor()).toBe(cursor);
        expect(await store.look(START)).toEqual({ owner: null, changes: [], cursor });
        await store.append(arm(1));
        expect((await store.look(cursor)).changes).toEqual([arm(1)]);
        expect((await store.look(START)).changes).toEqual([arm(1)]);
      });

      test("are read once each, in their order, by who goes on from the cursor", async () => {
        const given = Array.from({ length: 5 }, (_, index) => arm(index + 1));
        for (const change of given) await store.append(change);
        const first = await store.look(START);
        expect(first.changes).toEqual(given);
        expect(first.cursor).toBe(await store.cursor());
        expect(await store.look(first.cursor)).toEqual({ owner: null, changes: [], cursor: first.cursor });
        await store.append(arm(6));
        expect((await store.look(first.cursor)).changes).toEqual([arm(6)]);
        expect((await store.look(START)).changes).toEqual([...given, arm(6)]);
      });

      test("come after a cursor from before everything was lost", async () => {
        await store.append(arm(1));
        await store.append(arm(2));
        const cursor = await store.cursor();
        await watch.flush();
        expect(await store.look(cursor)).toEqual({ owner: null, changes: [], cursor });
        await sleep(2); // for ids are times
        await store.append(arm(3));
        expect((await store.look(cursor)).changes).toEqual([arm(3)]);
      });
    });

    describe("a mark", () => {
      beforeEach(() => base());

      test.each([
        { side: "buy", best: 1_000.5, worse: [99.5, 1_000.499_999_999], better: 1_000.500_000_001 },
        { side: "sell", best: 99.5, worse: [1_000.5, 99.500_000_000_1], better: 99.499_999_999_9 },
        { side: "buy", best: 1.5e-7, worse: [9e-8], better: 0.000_01 },
        { side: "sell", best: 1.5e21, worse: [1e22], better: 9e20 },
      ] as const)("of a $side at $best moves on and never back", async ({ side, best, worse, better }) => {
        await mark({ side }, best);
        for (const each of worse) await mark({ side }, each);
        expect((await loaded()).marks).toEqual(new Map([["1:1", best]]));
        await mark({ side }, better);
        expect((await loaded()).marks).toEqual(new Map([["1:1", better]]));
      });

      test("is that of one version of the rule", async () => {
        await mark({ version: 1 }, 120);
        await mark({ version: 2 }, 110);
        await mark({ positionId: 11, version: 2 }, 90);
        expect((await loaded()).marks).toEqual(
          new Map([
            ["1:1", 120],
            ["1:2", 110],
            ["11:2", 90],
          ]),
        );
      });
    });

    describe("a stop that fired", () => {
      beforeEach(() => base(armed(), armed({ positionId: 2 })));

      test("stays, as it fired last", async () => {
        await store.latch([latched(), latched({ positionId: 2 })]);
        await store.latch([latched({ version: 2 }, 94)]);
        await store.latch([]);
        expect((await loaded()).fired).toEqual([latched({ version: 2 }, 94), latched({ positionId: 2 })]);
      });

      test("is forgotten once it is settled, with its mark, and leaves the book", async () => {
        await store.latch([latched(), latched({ positionId: 2 })]);
        for (const version of [1, 2]) await mark({ version }, 110);
        await mark({ positionId: 2 }, 120);
        await store.settle([armed(), armed({ positionId: 3, version: 5 })]);
        expect(await loaded()).toMatchObject({
          marks: new Map([
            ["1:2", 110],
            ["2:1", 120],
          ]),
          fired: [latched({ positionId: 2 })],
          changes: [
            { type: "disarm", positionId: 1, version: 1 },
            { type: "disarm", positionId: 3, version: 5 },
          ],
        });
      });

      test("is still there when nothing was settled", async () => {
        await store.latch([latched()]);
        await store.settle([]);
        expect(await loaded()).toMatchObject({ fired: [latched()], changes: [] });
      });
    });

    describe("prices", () => {
      test("are unknown at first", async () => {
        expect(await store.prices(["SOL/USDC"])).toEqual(new Map());
        expect(await store.prices([])).toEqual(new Map());
      });

      test("are remembered with their moment and source, by market, and answered for those that are asked for", async () => {
        await store.rememberPrices(
          new Map([
            ["SOL/USDC", accepted(150.25)],
            ["JUP/USDC", accepted(0.000_000_1, LATER)],
          ]),
        );
        await store.rememberPrices(new Map());
        const held = await store.prices(["SOL/USDC", "BONK/USDC", "SOL/USDC"]);
        expect(held).toEqual(new Map([["SOL/USDC", accepted(150.25)]]));
        expect(held.get("SOL/USDC")?.at).toBeInstanceOf(Date);
        expect(await store.prices(["JUP/USDC"])).toEqual(new Map([["JUP/USDC", accepted(0.000_000_1, LATER)]]));
      });

      test("of each market are those of the last tick that knew them", async () => {
        const remembered = new Map([
          ["SOL/USDC", accepted(150)],
          ["JUP/USDC", accepted(0.5)],
        ]);
        await store.rememberPrices(remembered);
        await tick({ prices: new Map([["SOL/USDC", accepted(149, LATER)]]) });
        await tick();
        const held = await store.prices(["SOL/USDC", "JUP/USDC"]);
        expect(held).toEqual(remembered.set("SOL/USDC", accepted(149, LATER)));
      });
    });
  });
}

/** Apart, since a Redis that takes longer with every change there is cannot be asked. */
export function manyChangesContract(name: string, open: () => Promise<OpenedWatch>): void {
  test(`changes are forgotten when there are far more than anybody has yet to read, ${name}`, async () => {
    const { store, flush, close } = await open();
    await flush();
    await store.writeBase([armed()], await store.cursor());
    const count = CHANGES_MAX + 500;
    await store.settle(Array.from({ length: count }, (_, index) => armed({ positionId: index + 1 })));
    const { changes, cursor } = await store.look(START);
    // Redis forgets whole nodes of its stream, each of at most a hundred.
    expect(changes.length).toBeGreaterThanOrEqual(CHANGES_MAX);
    expect(changes.length).toBeLessThan(CHANGES_MAX + 100);
    expect(changes.at(-1)).toEqual({ type: "disarm", positionId: count, version: 1 });
    expect(cursor).toBe(await store.cursor());
    expect(await store.load(), "a base whose changes were forgotten").toBeNull();
    await store.writeBase([armed()], cursor);
    expect(await store.load()).toMatchObject({ changes: [] });
    await flush();
    await close();
  });
}
