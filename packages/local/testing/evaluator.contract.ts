/** The evaluator over a state that may be lost, with a clock, prices and a Postgres that are made up. */
import { bps } from "@backstop/core/money/bps";
import type { Observations } from "@backstop/core/price/accepted";
import { type EvaluateDeps, evaluateStops } from "@backstop/core/stop/evaluate";
import type { ArmedStop } from "@backstop/core/stop/stop";
import type { StopStore } from "@backstop/core/stop/stop.store";
import { watch } from "@backstop/core/stop/watch";
import type { WatchStore } from "@backstop/core/stop/watch.store";
import { FakeClock, fakeIds, fakeLog, fakeQueues } from "@backstop/core/testing/fakes";
import { AT, armed, price, SOL_USDC } from "@backstop/core/testing/given";
import type { OpenedWatch } from "@backstop/core/testing/watch.contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

/** What Postgres is in these tests: open positions with their rules, and what was claimed and recorded. */
function fakeStops(open: readonly ArmedStop[]) {
  const rows = new Map(open.map((each) => [each.positionId, each]));
  const claimed: string[] = [];
  const recorded: number[] = [];
  const stops: Pick<StopStore, "armed" | "claim" | "raiseMarks"> = {
    armed: async () => [...rows.values()],
    claim: async (fired) =>
      fired.map(({ armed: judged, exitTradeId }) => {
        const row = rows.get(judged.positionId);
        if (row?.version !== judged.version) return { armed: judged, claimed: false, current: row ?? null };
        rows.delete(judged.positionId);
        claimed.push(exitTradeId);
        return { armed: judged, claimed: true, current: null };
      }),
    raiseMarks: async (raised) => {
      for (const each of raised) {
        recorded.push(each.armed.highWaterMark);
        rows.set(each.armed.positionId, each.armed);
      }
      return raised.length;
    },
  };
  return { stops, rows, claimed, recorded };
}

type Step = number | "unknown" | (() => unknown);

/** `open` answers for a state that may be emptied. */
export function evaluatorContract(name: string, open: () => Promise<OpenedWatch>): void {
  describe(`the evaluator, ${name}`, () => {
    let opened: OpenedWatch;
    let store: WatchStore;

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened.close());
    beforeEach(() => opened.flush());

    /** Runs an evaluator along `steps`: a price is one tick's, a function happens before the next. Ends when the steps do. */
    async function along(steps: readonly Step[], over: Partial<EvaluateDeps> & Pick<EvaluateDeps, "stops">) {
      const queues = fakeQueues();
      const log = fakeLog();
      const rest = [...steps];
      const deps: EvaluateDeps = {
        clock: new FakeClock(),
        ids: fakeIds(),
        log,
        markets: [SOL_USDC],
        queues,
        wakeRelay: async () => {},
        store,
        tickMs: 2_000,
        prices: {
          name: "test",
          async fetch(): Promise<Observations> {
            while (typeof rest[0] === "function") await (rest.shift() as () => unknown)();
            const next = rest.shift();
            if (rest.length === 0) await store.takeLease("a successor", new Date());
            return typeof next === "number"
              ? new Map([
                  [SOL_USDC.baseMint, { usdPrice: next, blockId: null }],
                  [SOL_USDC.quoteMint, { usdPrice: 1, blockId: null }],
                ])
              : new Map();
          },
        },
        ...over,
      };
      return { ended: await evaluateStops(deps), sent: queues.sent, log: log.lines };
    }

    const ticked = (at: Date): Promise<void> => store.recordTick({ at, prices: new Map(), marks: [] });

    describe("an evaluator", () => {
      test("claims a stop on the first price at it, with its message queued before and after", async () => {
        const postgres = fakeStops([armed()]);
        const { sent } = await along([101, 110, 106.8, 106.7, 90, 90], postgres);
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
        expect(sent).toEqual([
          { queue: "execute", tradeId: "trd_exit_1_1_1", delaySeconds: 15 },
          { queue: "reconcile", tradeId: "trd_exit_1_1_1", delaySeconds: 120 },
          { queue: "reconcile", tradeId: "trd_exit_1_1_1", delaySeconds: 900 },
          { queue: "execute", tradeId: "trd_exit_1_1_1", delaySeconds: 0 },
        ]);
      });

      test("leaves a claimed stop to nobody: the next evaluator has nothing to do with it", async () => {
        const postgres = fakeStops([armed()]);
        await along([90, 90], postgres);
        const next = await along([90, 90], postgres);
        expect(next.sent).toEqual([]);
        expect(next.ended).toBe("nothing_armed");
      });

      test("keeps what fired while Postgres is away, through its successor, whatever the price does", async () => {
        const postgres = fakeStops([armed()]);
        await along([90, 120, 130], {
          ...postgres,
          stops: { ...postgres.stops, claim: () => Promise.reject(new Error()) },
        });
        expect(postgres.claimed).toEqual([]);
        await along([130, 130], postgres);
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
      });

      test("keeps what fired even when Redis would not take it at first", async () => {
        const postgres = fakeStops([armed()]);
        let failures = 2;
        const flaky: WatchStore = {
          ...store,
          latch: (fired) => (failures-- > 0 ? Promise.reject(new Error("Redis is away")) : store.latch(fired)),
        };
        const stops = { ...postgres.stops, claim: () => Promise.reject(new Error("Postgres is away")) };
        await along([90, 120, 120, 120], { stops, store: flaky });
        await along([120, 120], postgres);
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
      });

      test("does not claim before the message that guards the claim is queued", async () => {
        const postgres = fakeStops([armed()]);
        let failures = 2;
        const sent: number[] = [];
        const queues: EvaluateDeps["queues"] = {
          async send(_queue, _tradeId, delaySeconds) {
            if (failures-- > 0) throw new Error("SQS is away");
            sent.push(delaySeconds);
            expect(postgres.claimed).toHaveLength(delaySeconds === 0 ? 1 : 0);
          },
        };
        await along([90, 90, 90, 90], { ...postgres, queues });
        expect(sent).toEqual([15, 120, 900, 0]);
      });

      test("hands its marks to its successor, also those that Redis took only later", async () => {
        const postgres = fakeStops([armed()]);
        let failures = 1;
        const flaky: WatchStore = {
          ...store,
          recordTick: (tick) => (failures-- > 0 ? Promise.reject(new Error("Redis is away")) : store.recordTick(tick)),
        };
        await along([100.4, 100.3, 100.3], { ...postgres, store: flaky });
        expect(postgres.recorded).toEqual([]);
        // 3 % below 100.4 is 97.388; below the 100 that Postgres knows it is 97.
        await along([97.38, 97.38], postgres);
        expect(postgres.claimed).toHaveLength(1);
      });

      test("records no mark that its successor would not find in Redis", async () => {
        const postgres = fakeStops([armed()]);
        const flaky: WatchStore = { ...store, recordTick: () => Promise.reject(new Error("Redis is away")) };
        await along([100, 101, 101], { ...postgres, store: flaky });
        expect(postgres.recorded).toEqual([]);
        await along([101, 101], postgres);
        expect(postgres.recorded).toEqual([101]);
      });

      test("that cannot tell Redis for long records all the same, and who takes over goes on from there", async () => {
        const postgres = fakeStops([armed()]);
        await along([100, 100], postgres);
        const away: WatchStore = { ...store, recordTick: () => Promise.reject(new Error("Redis is away")) };
        await along([101, 101, 101, 101, 101, 101, 101, 101], { ...postgres, store: away });
        expect(postgres.recorded).toEqual([101]);
        await ticked(new Date(AT.getTime() - 11_000));
        // 3 % below 101 is 97.97; below the 100 that Redis knows it is 97.
        const { log } = await along([97.9, 97.9], postgres);
        expect(log).toContain("book_caught_up");
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
      });

      test("asks Postgres only when nobody has ticked for a while, and does without an answer", async () => {
        const postgres = fakeStops([armed()]);
        await along([100, 100], postgres);
        const stops = { ...postgres.stops, armed: () => Promise.reject(new Error("Postgres is away")) };
        const prompt = await along([100, 100], { ...postgres, stops });
        expect(prompt.log).toEqual([]);
        await ticked(new Date(AT.getTime() - 11_000));
        const late = await along([90, 90], { ...postgres, stops });
        expect(late.log).toContain("book_not_caught_up");
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
      });

      test("asks Postgres until it answers, when nobody has ticked for a while", async () => {
        const postgres = fakeStops([armed()]);
        await along([100, 100], postgres);
        postgres.rows.set(1, armed({ highWaterMark: price(106) }));
        await ticked(new Date(AT.getTime() - 11_000));
        let failures = 2;
        const answering = async () =>
          failures-- > 0 ? Promise.reject(new Error("Postgres is away")) : postgres.stops.armed();
        // 3 % below 106 is 102.82.
        const { log } = await along([100, 100, 100, 102.9, 102.8, 102.8], {
          ...postgres,
          stops: { ...postgres.stops, armed: answering },
        });
        expect(log.filter((line) => line.startsWith("book_"))).toEqual([
          "book_not_caught_up",
          "book_not_caught_up",
          "book_caught_up",
        ]);
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
      });

      test("never lets an older evaluator lower a mark", async () => {
        const postgres = fakeStops([armed()]);
        const at = new Date();
        const tick = (mark: number) =>
          store.recordTick({ at, prices: new Map(), marks: [armed({ highWaterMark: price(mark) })] });
        await along([100, 100], postgres);
        await tick(106.5);
        await tick(9.5);
        expect((await store.load())?.marks.get("1:1")).toBe(106.5);
      });

      test("records marks in Postgres by steps of half a percent, however often it is followed", async () => {
        const postgres = fakeStops([armed()]);
        await along([100.3, 100.3], postgres);
        expect(postgres.recorded).toEqual([]);
        await along([100.4, 100.6, 100.7, 101.2], postgres);
        expect(postgres.recorded).toEqual([100.6, 101.2]);
      });

      test("gives a rule that replaced another its own mark", async () => {
        const postgres = fakeStops([armed()]);
        await along([120, 120], postgres);
        const replaced = armed({ version: 2, highWaterMark: price(110) });
        postgres.rows.set(1, replaced);
        await store.append({ type: "arm", armed: replaced });
        await along([109, 107], postgres);
        expect(postgres.claimed).toEqual([]);
        await along([106.7, 106.7], postgres);
        expect(postgres.claimed).toEqual(["trd_exit_1_2_1"]);
      });

      test("never mixes the marks of a rule and the one it replaced, through any number of successors", async () => {
        const postgres = fakeStops([armed({ highWaterMark: price(100) })]);
        await along([97.5, 97.5], postgres);
        const replaced = armed({
          version: 2,
          stop: { kind: "trailing", distanceBps: bps(200) },
          highWaterMark: price(97.5),
        });
        postgres.rows.set(1, replaced);
        await store.append({ type: "arm", armed: replaced });
        // 2 % below 97.5 is 95.55; below the old mark of 100 it would be 98.
        for (let successor = 0; successor < 3; successor++) await along([97, 97], postgres);
        expect(postgres.claimed).toEqual([]);
      });

      test("records that a stop woke up, also when Postgres was away at that moment", async () => {
        const stop = { kind: "trailing" as const, distanceBps: bps(300), activationBps: bps(20) };
        const postgres = fakeStops([armed({ stop })]);
        let failures = 1;
        const stops = {
          ...postgres.stops,
          raiseMarks: (...given: Parameters<typeof postgres.stops.raiseMarks>) =>
            failures-- > 0 ? Promise.reject(new Error("Postgres is away")) : postgres.stops.raiseMarks(...given),
        };
        await along([100.1, 100.3, 100.2, 100.2], { ...postgres, stops });
        expect(postgres.recorded).toEqual([100.3]);
      });

      test("that finds Redis flushed makes the book anew, and has forgotten nothing", async () => {
        const postgres = fakeStops([armed()]);
        const { log } = await along([100.4, () => opened.flush(), 100.3, 97.38, 97.38], postgres);
        expect(log.filter((line) => line === "book_rebuilt")).toHaveLength(2);
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
      });

      test("goes on with what it knows while Redis is away", async () => {
        const postgres = fakeStops([armed()]);
        const away = () => Promise.reject(new Error("Redis is away"));
        const gone: WatchStore = {
          takeLease: away,
          releaseLease: away,
          load: away,
          cursor: away,
          writeBase: away,
          look: away,
          append: away,
          recordTick: away,
          latch: away,
          settle: away,
          evaluator: away,
          rememberPrices: away,
          prices: away,
        };
        const { ended } = await along([101, 90, 90], { ...postgres, store: gone });
        expect(postgres.claimed).toEqual(["trd_exit_1_1_1"]);
        expect(ended).toBe("time");
      });

      test("takes an unknown price for no price", async () => {
        const postgres = fakeStops([armed()]);
        await along(["unknown", "unknown", "unknown", 100], postgres);
        expect(postgres.claimed).toEqual([]);
      });

      test("takes in what is armed while it runs, and the rule that Postgres has when its own is old", async () => {
        const postgres = fakeStops([armed({ positionId: 2, version: 3, highWaterMark: price(100) })]);
        const stale = armed({ positionId: 2, version: 2, highWaterMark: price(200) });
        await along([100, () => store.append({ type: "arm", armed: armed({ positionId: 3 }) }), 100, 100], postgres);
        await opened.flush();
        await store.writeBase([stale], await store.cursor());
        await ticked(AT);
        // Judged by the old mark it fires, and the claim answers with the rule that is armed now.
        await along([100, 98, 98], postgres);
        expect(postgres.claimed).toEqual([]);
        await along([96.9, 96.9], postgres);
        expect(postgres.claimed).toEqual(["trd_exit_2_3_1"]);
      });

      test("ends when a successor has the lease, and leaves it to it", async () => {
        const { ended } = await along([100, 100], fakeStops([armed()]));
        expect(ended).toBe("successor");
        expect((await store.evaluator()).leasedAt).not.toBeNull();
      });

      test("ends when nothing is armed, and takes its lease and last tick with it", async () => {
        const { ended } = await along([], fakeStops([]));
        expect(ended).toBe("nothing_armed");
        expect(await store.evaluator()).toEqual({ leasedAt: null, lastTickAt: null });
      });
    });

    describe("arming", () => {
      const arming = async (tickedAgoMs: number | null, leased: boolean): Promise<number> => {
        const clock = new FakeClock();
        const at = new Date(clock.now().getTime() - (tickedAgoMs ?? 0));
        if (leased) await store.takeLease("evl_1", at);
        if (tickedAgoMs !== null) await store.recordTick({ at, prices: new Map(), marks: [] });
        let woken = 0;
        await watch({ clock, store, tickMs: 2_000, wake: async () => void woken++ }).arm(armed());
        return woken;
      };

      test("wakes an evaluator when none runs, or when the one that should has stopped ticking", async () => {
        expect(await arming(null, false)).toBe(1);
        expect(await arming(1_000, false)).toBe(1);
        expect(await arming(60_000, true)).toBe(1);
      });

      test("wakes none while one ticks", async () => {
        expect(await arming(1_000, true)).toBe(0);
      });

      test("is read by the next evaluator, whether it was there or not", async () => {
        await arming(1_000, true);
        const postgres = fakeStops([armed()]);
        await along([90, 90], postgres);
        expect(postgres.claimed).toHaveLength(1);
      });
    });

    test("prices are remembered with their age, by market", async () => {
      const at = new Date("2026-03-01T12:00:00.000Z");
      await store.rememberPrices(new Map([["SOL/USDC", { price: price(150.25), at, source: "jupiter" }]]));
      expect(await store.prices(["SOL/USDC", "JUP/USDC"])).toEqual(
        new Map([["SOL/USDC", { price: 150.25, at, source: "jupiter" }]]),
      );
    });
  });
}
