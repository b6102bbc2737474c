/** What landed after it was proven unable to, in each state its trade may be in. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { held } from "../src/position/position.ts";
import { recheckExpired } from "../src/reconcile/expired.ts";
import type { Expired } from "../src/reconcile/reconcile.store.ts";
import { reconcileAll, reconcileTrades } from "../src/reconcile/reconcile.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { units } from "./given.ts";
import { type ReconcileWorld, reconcileWorld } from "./reconcile-world.ts";
import type { Stores } from "./stores.given.ts";

export function lateLandingsContract(name: string, open: () => Promise<Stores>): void {
  describe(`what landed late, ${name}`, () => {
    let stores: Stores;
    let world: ReconcileWorld;

    beforeAll(async () => {
      stores = await open();
    });
    beforeEach(async () => {
      world = await reconcileWorld(stores);
    });

    const again = ({ trade }: TradeRecord): Promise<TradeRecord> => world.find(trade.tradeId);
    const first = ({ trade }: TradeRecord): string => `${trade.tradeId}.1`;
    const recheck = (record: TradeRecord): Promise<void> => recheckExpired(world.deps, [record.trade.tradeId]);
    const toldOf = async ({ position }: TradeRecord) =>
      (await world.events(position.positionId))
        .map((event) => (event.name === "alarm_raised" ? event.payload.code : event.name))
        .filter((each) => each !== "trade_executed" && each !== "stop_loss_triggered");

    const deadEntry = async () => world.expire(await world.send(await world.plan()));
    const deadExit = async (amountOut = 500n) =>
      world.expire(await world.send(await world.fire(await world.lot(amountOut))));

    /** Another exit takes the place of a dead one. */
    const replaced = async ({ trade, attempts, position }: TradeRecord, amountIn: bigint): Promise<void> => {
      const seen = { attempts: attempts.length, held: held(position.totals), exiting: position.exiting };
      const parts = [{ tradeId: `${trade.tradeId}_1`, amountIn: units(amountIn) }];
      const nothing = { missing: units(0), dust: units(0), events: [], otherExits: false };
      const replacement = { tradeId: trade.tradeId, ...seen, tries: 1, parts, ...nothing, at: world.clock.now() };
      expect(await world.stores.exits.replace(replacement)).toBe(true);
    };

    test("what never landed is asked for and left alone", async () => {
      const entry = await deadEntry();
      await recheck(entry);
      expect((await again(entry)).attempts[0]?.status).toBe("expired");
      expect(await toldOf(entry)).toEqual([]);
    });

    test("an entry that is still wanted opens its position, as any other", async () => {
      const entry = await deadEntry();
      world.landLate(entry, first(entry), 100n, 700n);
      await recheck(entry);
      await recheck(entry);
      const { trade, position, attempts } = await again(entry);
      expect([trade.status, position.status, attempts[0]?.status]).toEqual(["confirmed", "open", "landed"]);
      expect(position.totals).toMatchObject({ entryIn: 100n, entryOut: 700n, feesLamports: 6_000n });
      expect(await toldOf(entry)).toEqual(["trade_confirmed", "position_opened", "LATE_LANDING"]);
      expect(world.queues.sent).toEqual([{ queue: "confirm", tradeId: trade.tradeId, delaySeconds: 2 }]);
    });

    test("an exit that is still wanted is the exit", async () => {
      const exit = await deadExit();
      world.landLate(exit, first(exit), 500n, 100n);
      await recheck(exit);
      const { trade, position } = await again(exit);
      expect([trade.status, position.status, position.exiting, held(position.totals)]).toEqual([
        "confirmed",
        "closing",
        0n,
        0n,
      ]);
      expect(await toldOf(exit)).toEqual(["trade_confirmed", "position_updated", "LATE_LANDING"]);
    });

    test("an entry beside another attempt waits for what becomes of that", async () => {
      const entry = await world.send(await deadEntry());
      world.landLate(entry, first(entry), 100n, 700n);
      await recheck(entry);
      expect((await again(entry)).attempts[0]?.status).toBe("expired");
      expect(world.queues.sent).toEqual([{ queue: "reconcile", tradeId: entry.trade.tradeId, delaySeconds: 30 }]);

      await world.finalize(await world.land(entry, 100n, 800n));
      await recheck(entry);
      const { position, attempts } = await again(entry);
      expect(attempts.map((each) => each.status)).toEqual(["final", "final"]);
      expect(position).toMatchObject({ status: "open", totals: { entryIn: 200n, entryOut: 1_500n } });
      expect(await toldOf(entry)).toEqual(["trade_confirmed", "position_updated", "LATE_LANDING"]);
    });

    test("an exit beside another attempt waits for that, and no third one is made until then", async () => {
      const exit = await world.send(await deadExit());
      world.landLate(exit, first(exit), 500n, 100n);
      await recheck(exit);
      const waiting = await world.expire(await again(exit));
      expect(waiting.trade.turnUntil).toEqual(new Date(world.clock.now().getTime() + 60_000));
      expect(world.queues.sent).toEqual([{ queue: "reconcile", tradeId: exit.trade.tradeId, delaySeconds: 30 }]);

      await recheck(exit);
      const { trade, position, attempts } = await again(exit);
      expect([trade.status, held(position.totals), position.exiting]).toEqual(["confirmed", 0n, 0n]);
      expect(attempts.map((each) => each.status)).toEqual(["landed", "expired"]);
      expect(await toldOf(exit)).toEqual(["trade_confirmed", "position_updated", "LATE_LANDING"]);
    });

    test("an exit beside another one of its position waits for that", async () => {
      const lot = await world.lot(500n);
      const part = await world.expire(await world.send(await world.close(lot, 200n)));
      await world.clock.sleep(1_000);
      const rest = await world.send(await world.fire(lot));
      world.landLate(part, first(part), 200n, 40n);
      await recheck(part);
      expect((await again(part)).attempts[0]?.status).toBe("expired");
      await world.land(rest, 300n, 60n);
      await world.finalize(await again(rest));
      await recheck(part);
      const { trade, position } = await again(part);
      expect([trade.status, held(position.totals), position.exiting]).toEqual(["confirmed", 0n, 0n]);
    });

    test("an entry that has failed is inventory", async () => {
      const entry = await deadEntry();
      const failure = { code: "NETWORK_ERROR", message: "" };
      await world.stores.trades.fail({
        tradeId: entry.trade.tradeId,
        attempts: 1,
        draft: null,
        failure,
        events: [],
        at: world.clock.now(),
      });
      world.landLate(entry, first(entry), 100n, 700n);
      await recheck(entry);
      const { trade, position, attempts } = await again(entry);
      expect([trade.status, position.status, attempts[0]?.status]).toEqual(["failed", "aborted", "final"]);
      expect(position.totals).toMatchObject({ entryIn: 0n, entryOut: 0n, feesLamports: 6_000n });
      expect(attempts[0]).toMatchObject({ fill: { amountIn: 100n, amountOut: 700n } });
      expect(await toldOf(entry)).toEqual(["trade_confirmed", "LATE_LANDING"]);
    });

    test("an exit whose place another one took is the position's, as far as it holds that much", async () => {
      const exit = await deadExit();
      await replaced(exit, 500n);
      world.landLate(exit, first(exit), 500n, 100n);
      await recheck(exit);
      const { trade, position } = await again(exit);
      // The part finds out when it is tried.
      expect([trade.status, position.status, held(position.totals), position.exiting]).toEqual([
        "superseded",
        "closing",
        0n,
        500n,
      ]);
    });

    test("an exit after its position was closed by another is inventory", async () => {
      const dead = await deadExit();
      const closed = await world.finalize(await world.land(await world.send(dead), 500n, 90n));
      expect(closed.position.status).toBe("closed");
      world.landLate(dead, first(dead), 500n, 100n);
      await recheck(dead);
      const { position, attempts } = await again(dead);
      expect(position.totals).toMatchObject({ exitIn: 500n, exitOut: 90n });
      expect(attempts.map((each) => each.status)).toEqual(["final", "final"]);
      expect(await toldOf(dead)).toEqual(["trade_confirmed", "LATE_LANDING"]);
    });

    test("an exit that takes the last of a position nobody closes any more closes it", async () => {
      const lot = await world.lot(500n);
      const exit = await world.expire(await world.send(await world.close(lot, 300n)));
      await replaced(exit, 200n);
      // What replaces it is less, and leaves the position open, and watched.
      const part = await world.find(`${exit.trade.tradeId}_1`);
      const open = await world.finalize(await world.land(await world.send(part), 200n, 40n));
      expect(open.position).toMatchObject({ status: "open", exiting: 0n, totals: { exitIn: 200n } });
      world.landLate(exit, first(exit), 300n, 60n);
      await recheck(exit);
      const { position } = await again(exit);
      expect(position).toMatchObject({ status: "closed", closeReason: "closed_externally", totals: { exitIn: 500n } });
      expect(await toldOf(exit)).toEqual(["trade_confirmed", "position_closed", "LATE_LANDING"]);
    });

    test("one that landed with an error costs its fee, without an alarm", async () => {
      const entry = await deadEntry();
      const { trade } = entry;
      const error = '{"InstructionError":[3,{"Custom":6001}]}';
      world.wallet.move(`sig of ${first(entry)}`, [[trade.inputMint, 0n]], { error });
      await recheck(entry);
      await recheck(entry);
      const { attempts, position } = await again(entry);
      expect(attempts[0]).toMatchObject({
        status: "errored",
        error: expect.stringContaining("Custom(6001)"),
        feeLamports: 6_000n,
      });
      expect(position.totals).toMatchObject({ feesLamports: 6_000n, entryIn: 0n });
      expect(await toldOf(entry)).toEqual([]);
    });

    test("nothing is booked from `confirmed`: it is looked at again", async () => {
      const entry = await deadEntry();
      world.wallet.move(`sig of ${first(entry)}`, [[entry.trade.inputMint, -100n]], { commitment: "confirmed" });
      await recheck(entry);
      expect((await again(entry)).attempts[0]?.status).toBe("expired");
      expect(world.queues.sent).toEqual([{ queue: "reconcile", tradeId: entry.trade.tradeId, delaySeconds: 30 }]);
    });

    test("after a day nobody asks any more", async () => {
      const entry = await deadEntry();
      world.landLate(entry, first(entry), 100n, 700n);
      await world.clock.sleep(24 * 60 * 60 * 1_000);
      await recheck(entry);
      expect((await again(entry)).attempts[0]?.status).toBe("expired");
    });

    test("one that cannot be booked keeps nobody from the others, and its message comes again", async () => {
      const good = await deadEntry();
      await world.clock.sleep(1_000);
      const bad = await deadEntry();
      world.landLate(bad, first(bad), -1n, -1n);
      world.landLate(good, first(good), 100n, 700n);
      const tradeIds = [bad.trade.tradeId, good.trade.tradeId];
      expect((await reconcileTrades(world.deps, tradeIds)).toSorted()).toEqual(tradeIds.toSorted());
      expect((await again(good)).position.status).toBe("open");
    });

    test("ten that find it at once book it once", async () => {
      const exits = [await deadExit(), await deadExit()] as const;
      const [lands, beside] = exits;
      await world.finalize(await world.land(await world.send(beside), 200n, 40n));
      for (const exit of exits) world.landLate(exit, first(exit), 300n, 60n);
      await Promise.all(Array.from({ length: 10 }, () => Promise.all(exits.map(recheck))));
      expect((await again(lands)).position.totals).toMatchObject({ exitIn: 300n, exitOut: 60n });
      expect((await again(beside)).position.totals).toMatchObject({ exitIn: 500n, exitOut: 100n });
      for (const exit of exits) expect((await toldOf(exit)).filter((each) => each === "LATE_LANDING")).toHaveLength(1);
    });

    test("ten that find what no position takes at once book it once", async () => {
      const dead = await deadExit();
      await world.finalize(await world.land(await world.send(dead), 500n, 90n));
      const before = (await again(dead)).position.totals.feesLamports;
      world.landLate(dead, first(dead), 500n, 100n);
      await Promise.all(Array.from({ length: 10 }, () => recheck(dead)));
      expect((await again(dead)).position.totals.feesLamports - before).toBe(6_000n);
      expect((await toldOf(dead)).filter((each) => each === "LATE_LANDING")).toHaveLength(1);
    });

    test("a position that changed in between makes the booking look again", async () => {
      const lot = await world.lot(500n);
      const dead = await world.expire(await world.send(await world.close(lot, 200n)));
      await world.finalize(await world.land(await world.send(dead), 200n, 40n));
      world.landLate(dead, first(dead), 200n, 40n);
      const { landLate } = world.deps.fills;
      const racing: typeof landLate = async (late) => {
        await world.takeOff(lot, 250n);
        return landLate(late);
      };
      await recheckExpired({ ...world.deps, fills: { ...world.deps.fills, landLate: racing } }, [dead.trade.tradeId]);
      expect((await again(dead)).attempts[0]?.status).toBe("expired");
      expect(world.queues.sent.at(-1)).toMatchObject({ queue: "reconcile", delaySeconds: 30 });
      await recheck(dead);
      expect((await again(dead)).position.totals).toMatchObject({ exitIn: 200n, missing: 250n });
    });

    test("a draft that came in between makes the landing look again", async () => {
      const entry = await deadEntry();
      world.landLate(entry, first(entry), 100n, 700n);
      const { land } = world.deps.fills;
      const fills = {
        ...world.deps.fills,
        land: async (landing: Parameters<typeof land>[0]) => {
          await world.draft(entry);
          return land(landing);
        },
      };
      await recheckExpired({ ...world.deps, fills }, [entry.trade.tradeId]);
      expect((await again(entry)).attempts.map((each) => each.status)).toEqual(["expired", "drafted"]);
      expect(world.queues.sent.at(-1)).toMatchObject({ queue: "reconcile", delaySeconds: 30 });
    });

    test("they are asked for page by page, each once, the latest first", async () => {
      const entries = [await deadEntry(), await deadEntry()];
      await world.clock.sleep(1_000);
      entries.push(await deadEntry());
      const tradeIds = entries.map((each) => each.trade.tradeId);
      const pages: string[] = [];
      const next = (before: Expired | null) => world.deps.looks.expired(new Date(0), tradeIds, before, 1);
      for (let [last] = await next(null); last; [last] = await next(last)) pages.push(last.tradeId);
      expect(pages[0]).toBe(tradeIds[2]);
      expect(pages.toSorted()).toEqual(tradeIds.toSorted());
    });

    test("the schedule asks for all", async () => {
      const entries = [await deadEntry(), await deadEntry()];
      for (const entry of entries) world.landLate(entry, first(entry), 100n, 700n);
      await reconcileAll(world.deps);
      for (const entry of entries) expect((await again(entry)).position.status).toBe("open");
    });

    describe("an exit whose entry was forked away", () => {
      /** It was taken for dead before that, so that the entry could be taken back; and is on the chain. */
      const withoutEntry = async (): Promise<readonly [entry: TradeRecord, exit: TradeRecord]> => {
        const entry = await world.land(await world.send(await world.plan()), 100n, 500n);
        const exit = await world.expire(await world.send(await world.fire(entry)));
        const forked = await world.stores.fills.fork(first(entry), "closing", [], world.clock.now());
        expect(forked).toBe(true);
        world.landLate(exit, first(exit), 500n, 100n);
        return [await again(entry), exit];
      };
      const replaced = async (exit: TradeRecord): Promise<void> => {
        const { trade, position, attempts } = await again(exit);
        const seen = { attempts: attempts.length, held: held(position.totals), exiting: position.exiting };
        const parts = [{ tradeId: `${trade.tradeId}_1`, amountIn: trade.amountIn }];
        const nothing = { missing: units(0), dust: units(0), events: [], otherExits: false };
        const at = world.clock.now();
        expect(
          await world.stores.exits.replace({ tradeId: trade.tradeId, ...seen, tries: 1, parts, ...nothing, at }),
        ).toBe(true);
      };

      test.each(["submitted", "superseded"])("and that is %s waits for what becomes of that", async (status) => {
        const [entry, exit] = await withoutEntry();
        if (status === "superseded") await replaced(exit);
        await recheck(exit);
        expect((await again(exit)).attempts[0]?.status).toBe("expired");
        expect(world.queues.sent.at(-1)).toMatchObject({ queue: "reconcile", delaySeconds: 30 });

        await world.land(entry, 100n, 500n);
        await recheck(exit);
        const { trade, position, attempts } = await again(exit);
        expect([trade.status, attempts[0]?.status, held(position.totals)]).toEqual(
          status === "submitted" ? ["confirmed", "landed", 0n] : ["superseded", "final", 0n],
        );
      });

      test.each(["submitted", "superseded"])("and that is %s is inventory when that has failed", async (status) => {
        const [entry, exit] = await withoutEntry();
        if (status === "superseded") await replaced(exit);
        await world.expire(entry);
        const failure = { code: "TRANSACTION_FAILED", message: "" };
        const failed = { tradeId: entry.trade.tradeId, attempts: 1, draft: null, failure, events: [] };
        expect(await world.stores.trades.fail({ ...failed, at: world.clock.now() })).toBe(true);
        await recheck(exit);
        const { trade, position, attempts } = await again(exit);
        expect([trade.status, position.status, attempts[0]?.status]).toEqual(["superseded", "aborted", "final"]);
        expect(position.totals).toMatchObject({ exitIn: 0n, entryOut: 0n });
        expect((await toldOf(exit)).at(-1)).toBe("LATE_LANDING");
      });
    });

    describe("a trade that does not move", () => {
      const messages = () => world.queues.sent.map(({ queue, delaySeconds }) => [queue, delaySeconds]);

      test("is driven by its look, and has one more ahead of it, however many messages name it", async () => {
        const { trade } = await world.plan();
        expect(await reconcileTrades(world.deps, [trade.tradeId, trade.tradeId])).toEqual([]);
        await reconcileTrades(world.deps, [trade.tradeId]);
        expect(messages()).toEqual([
          ["execute", 0],
          ["confirm", 0],
          ["reconcile", 900],
          ["execute", 0],
          ["confirm", 0],
        ]);
        world.queues.sent.length = 0;
        await world.clock.sleep(900_000);
        await Promise.all([1, 2, 3].map(() => reconcileTrades(world.deps, [trade.tradeId])));
        expect(messages().filter(([queue]) => queue === "reconcile")).toHaveLength(1);
      });

      test("is left alone when it is over", async () => {
        const lot = await world.lot(100n);
        expect(await world.deps.looks.takeLook(lot.trade.tradeId, world.clock.now(), world.clock.now())).toBe(false);
        await reconcileTrades(world.deps, [lot.trade.tradeId]);
        await world.clock.sleep(10_000_000);
        await reconcileAll(world.deps);
        expect(world.queues.sent.filter(({ tradeId }) => tradeId === lot.trade.tradeId)).toEqual([]);
      });

      test("is found by the schedule when its look was lost, and not while it has one", async () => {
        const { trade } = await world.plan();
        const driven = () => world.queues.sent.filter(({ tradeId }) => tradeId === trade.tradeId).length;
        await world.clock.sleep(179_000);
        await reconcileAll(world.deps);
        expect(driven()).toBe(0);
        await world.clock.sleep(2_000);
        await reconcileAll(world.deps);
        expect(driven()).toBe(3);
        await reconcileAll(world.deps);
        expect(driven()).toBe(3);
        await world.clock.sleep(901_000);
        await reconcileAll(world.deps);
        expect(driven()).toBe(6);
      });
    });
  });
}
