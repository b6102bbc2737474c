/** The evaluator's state in memory: what it does as Redis does, and what it does for a simulator. */
import { describe, expect, test } from "vitest";
import { CHANGES_MAX, LEASE_SECONDS, START } from "../../src/stop/watch.store.ts";
import { FakeClock } from "../fakes.ts";
import { AT, armed, price } from "../given.ts";
import { manyChangesContract, watchContract } from "../watch.contract.ts";
import { openMemoryWatch } from "./watch.given.ts";
import { EMPTY_WATCH_STATE, memoryWatchStore } from "./watch.ts";

const open = async () => openMemoryWatch({ now: () => new Date() });

watchContract("in memory", open);
manyChangesContract("in memory", open);

describe("the lease in memory", () => {
  test("ends after its time, the last tick stays, and its owner has nothing to give back", async () => {
    const clock = new FakeClock();
    const { store } = openMemoryWatch(clock);
    await store.takeLease("evl_1", AT);
    await store.recordTick({ at: AT, prices: new Map(), marks: [] });
    await clock.sleep(LEASE_SECONDS * 1_000);
    expect((await store.look(START)).owner).toBe("evl_1");
    await clock.sleep(1);
    expect((await store.look(START)).owner).toBeNull();
    await store.releaseLease("evl_1");
    expect(await store.evaluator()).toEqual({ leasedAt: null, lastTickAt: AT });
  });

  test("lasts from when it was taken last", async () => {
    const clock = new FakeClock();
    const { store } = openMemoryWatch(clock);
    await store.takeLease("evl_1", AT);
    await clock.sleep(100_000);
    await store.takeLease("evl_1", AT);
    await clock.sleep(100_000);
    expect((await store.evaluator()).leasedAt).toEqual(AT);
  });
});

describe("a state that was kept", () => {
  const everything = async () => {
    const watch = openMemoryWatch(new FakeClock());
    const { store } = watch;
    await store.takeLease("evl_1", AT);
    await store.writeBase([armed()], await store.cursor());
    await store.append({ type: "arm", armed: armed({ positionId: 2 }) });
    await store.latch([{ armed: armed(), acceptedPrice: price(96) }]);
    const prices = new Map([["SOL/USDC", { price: price(150), at: AT, source: "jupiter" }]]);
    await store.recordTick({ at: AT, prices, marks: [armed({ highWaterMark: price(110) })] });
    return watch;
  };

  test("answers as it did, whatever came after it, and can be gone on from more than once", async () => {
    const { hold, store, flush } = await everything();
    const kept = hold.read();
    const answers = () => Promise.all([store.load(), store.look(START), store.evaluator(), store.prices(["SOL/USDC"])]);
    const before = structuredClone(await answers());
    const goOn = async () => {
      await store.settle([armed(), armed({ positionId: 2 })]);
      await store.latch([{ armed: armed({ positionId: 3 }), acceptedPrice: price(96) }]);
      await store.recordTick({ at: AT, prices: new Map(), marks: [armed({ highWaterMark: price(120) })] });
      await store.releaseLease("evl_1");
      return structuredClone(await answers());
    };
    const after = await goOn();
    await flush();
    expect(await store.load()).toBeNull();
    hold.write(kept);
    expect(await answers()).toEqual(before);
    expect(await goOn()).toEqual(after);
    hold.write(kept);
    expect(await answers()).toEqual(before);
  });

  test("is there before the operation's promise is awaited, and is the same while nothing is written", async () => {
    const { hold, store } = await everything();
    const kept = hold.read();
    const reads = [store.load(), store.look(START), store.evaluator(), store.cursor(), store.prices(["SOL/USDC"])];
    const nothing = [store.settle([]), store.latch([]), store.rememberPrices(new Map()), store.releaseLease("evl_2")];
    expect(hold.read()).toBe(kept);
    const append = store.append({ type: "disarm", positionId: 2, version: 1 });
    expect(hold.read()).toMatchObject({ changes: { change: { type: "disarm", positionId: 2 } } });
    await Promise.all([...reads, ...nothing, append]);
  });

  test("may answer reads in place of a newer one", async () => {
    const clock = new FakeClock();
    const { hold, store } = openMemoryWatch(clock);
    await store.append({ type: "arm", armed: armed() });
    const lagging = memoryWatchStore({ ...hold, read: () => EMPTY_WATCH_STATE }, clock);
    expect((await lagging.look(START)).changes).toEqual([]);
    expect((await store.look(START)).changes).toHaveLength(1);
  });
});

test("changes that nobody can read any more are let go, but for those of a state that was kept", async () => {
  const { hold, store } = openMemoryWatch(new FakeClock());
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const settle = (from: number, to: number) => store.settle(range(from, to).map((positionId) => armed({ positionId })));
  const positions = async () =>
    (await store.look(START)).changes.map((change) => (change.type === "disarm" ? change.positionId : 0));

  await settle(1, CHANGES_MAX);
  const kept = hold.read();
  const [step, rounds] = [700, 40];
  for (const last of range(1, rounds).map((round) => CHANGES_MAX + round * step)) {
    await settle(last - step + 1, last);
    expect(await positions()).toEqual(range(last - CHANGES_MAX + 1, last));
    expect(hold.read().changes?.length).toBeLessThanOrEqual(2 * CHANGES_MAX);
  }
  hold.write(kept);
  expect(await positions()).toEqual(range(1, CHANGES_MAX));
});
