/**
 * What every implementation of the stores must do, whatever is behind it.
 *
 * Each test has an account of its own, so that they may share one database.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { alarmRaised } from "../src/event/alarm.ts";
import { MARKET_SEED } from "../src/market/market.ts";
import type { Mint } from "../src/market/mint.ts";
import { AMOUNT_MAX } from "../src/money/amount.ts";
import type { PositionStatus } from "../src/position/position.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { AT, fill, price, SOL_USDC, units } from "./given.ts";
import { givenIn, later, next, type Stores, unique } from "./stores.given.ts";

export function storesContract(name: string, open: () => Promise<Stores>): void {
  describe(`the stores, ${name}`, () => {
    let stores: Stores;

    beforeAll(async () => {
      stores = await open();
      await stores.markets.seed(MARKET_SEED);
    });

    const {
      newAccount,
      plan,
      find,
      planned,
      draftOf,
      draft,
      drafted,
      lastOf,
      signed,
      land,
      opened,
      failEntry,
      firedOf,
      entryFinal,
      closing,
      eventsOf,
      close: closed,
    } = givenIn(() => stores);

    describe("planning an entry", () => {
      test("opens a position on a seat and plans its trade", async () => {
        const { trade, position, attempts } = await planned();
        expect(trade).toMatchObject({ status: "planned", kind: "entry", amountIn: 100_000_000n });
        expect(position).toMatchObject({ status: "opening", version: 1, size: 100_000_000n });
        expect(position.stop).toEqual({ kind: "trailing", distanceBps: 300 });
        expect(attempts).toEqual([]);
      });

      test("finds no seat when all are taken, and one again when a position is over", async () => {
        const accountId = await newAccount();
        const first = await planned({ accountId });
        await planned({ accountId });
        await planned({ accountId });
        expect(await stores.trades.planEntry(plan(accountId))).toEqual({ outcome: "no_seat" });
        expect(await stores.trades.planEntry(plan(accountId, { symbol: "JUP/USDC" }))).toEqual({ outcome: "planned" });
        await failEntry(first.trade.tradeId, 0);
        expect(await stores.trades.planEntry(plan(accountId))).toEqual({ outcome: "planned" });
      });

      test("leaves three when twenty come at once", async () => {
        const accountId = await newAccount();
        const outcomes = await Promise.all(Array.from({ length: 20 }, () => stores.trades.planEntry(plan(accountId))));
        expect(outcomes.filter(({ outcome }) => outcome === "planned")).toHaveLength(3);
        expect(await stores.positions.list(accountId, ["opening"], 100)).toHaveLength(3);
      });

      test("takes an idempotency key once and for ever, within its account", async () => {
        const accountId = await newAccount();
        const first = plan(accountId);
        expect(await stores.trades.planEntry(first)).toEqual({ outcome: "planned" });
        const again = plan(accountId, { idempotencyKey: first.idempotencyKey });
        expect(await stores.trades.planEntry(again)).toEqual({ outcome: "key_taken" });
        await failEntry(first.tradeId, 0);
        expect(await stores.trades.planEntry(again)).toEqual({ outcome: "key_taken" });
        expect(await stores.trades.findByKey(accountId, first.idempotencyKey)).toEqual({
          tradeId: first.tradeId,
          requestDigest: "digest",
        });
        const elsewhere = plan(await newAccount(), { idempotencyKey: first.idempotencyKey });
        expect(await stores.trades.planEntry(elsewhere)).toEqual({ outcome: "planned" });
      });

      test("keeps amounts to the last of their 64 bits", async () => {
        const record = await planned({ size: units(AMOUNT_MAX), amountIn: units(AMOUNT_MAX) });
        expect(record.trade.amountIn).toBe(AMOUNT_MAX);
        expect(record.position.size).toBe(AMOUNT_MAX);
      });
    });

    test("a plan of nothing is refused, and leaves nothing", async () => {
      const accountId = await newAccount();
      await expect(stores.trades.planEntry(plan(accountId, { amountIn: units(0) }))).rejects.toThrow();
      expect(await stores.positions.list(accountId, ["opening"], 10)).toEqual([]);
    });

    describe("an attempt", () => {
      test("is unfinished alone: no second draft beside it, even when ten come at once", async () => {
        const record = await planned();
        const outcomes = await Promise.all(Array.from({ length: 10 }, () => draft(record)));
        expect(outcomes.filter(Boolean)).toHaveLength(1);
        expect(await draft(await find(record.trade.tradeId))).toBe(false);
      });

      test("follows only a dead one", async () => {
        const record = await signed(await planned());
        expect(await draft(record)).toBe(false);
        expect(await stores.attempts.expire(lastOf(record).attemptId, later(60))).toBe(true);
        const next = await drafted(await find(record.trade.tradeId));
        expect(lastOf(next)).toMatchObject({ number: 2, follows: lastOf(record).attemptId, status: "drafted" });
        // The same next attempt, told by somebody who has not seen it: it collides.
        expect(await draft(record)).toBe(false);
      });

      test("that failed on chain cost its fee, once, and may be followed", async () => {
        const record = await signed(await planned());
        const { attemptId } = lastOf(record);
        const error = '{"InstructionError":[3,{"Custom":6001}]}';
        const cause = { error, cause: "slippage", feeLamports: units(6_000) } as const;
        expect(await stores.attempts.fail(attemptId, cause, units(900), later(15))).toBe(true);
        expect(await stores.attempts.fail(attemptId, cause, units(900), later(15))).toBe(false);
        const failed = await find(record.trade.tradeId);
        expect(lastOf(failed)).toMatchObject({ status: "errored", ...cause });
        expect(failed.position.totals).toMatchObject({ feesLamports: 6_000n, feesQuote: 900n, entryIn: 0n });
        await drafted(failed);
      });

      test("is signed once, while it is drafted", async () => {
        const record = await drafted(await planned());
        const { attemptId } = lastOf(record);
        const outcomes = await Promise.all(["a", "b", "c"].map((s) => stores.attempts.sign(attemptId, unique(s), AT)));
        expect(outcomes.filter(Boolean)).toHaveLength(1);
        expect(await stores.attempts.abandon(attemptId, null)).toBe(false);
      });

      test("is not signed when it is fifteen seconds old", async () => {
        const record = await drafted(await planned());
        const { attemptId } = lastOf(record);
        expect(await stores.attempts.sign(attemptId, unique("sig"), later(15))).toBe(false);
        expect(await stores.attempts.sign(attemptId, unique("sig"), new Date(later(15).getTime() - 1))).toBe(true);
      });

      test("is not signed with the signature of another one", async () => {
        const [one, other] = [await signed(await planned()), await drafted(await planned())];
        const last = lastOf(one);
        if (last.status !== "live") return expect.unreachable("signed is live");
        expect(await stores.attempts.sign(lastOf(other).attemptId, last.signature, AT)).toBe(false);
        expect(lastOf(await find(other.trade.tradeId)).status).toBe("drafted");
      });

      test("names the one it follows, unless it is the first", async () => {
        const record = await signed(await planned());
        await stores.attempts.expire(lastOf(record).attemptId, later(60));
        const dead = await find(record.trade.tradeId);
        await expect(stores.attempts.draft(draftOf(dead, { follows: null }))).rejects.toThrow();
        expect(await find(record.trade.tradeId)).toEqual(dead);
        const other = await signed(await planned());
        await stores.attempts.expire(lastOf(other).attemptId, later(60));
        expect(await stores.attempts.draft(draftOf(dead, { follows: lastOf(other).attemptId }))).toBe(false);
      });

      test("of another trade keeps an entry from failing, and stays as it is", async () => {
        const [record, other] = [await drafted(await planned()), await drafted(await planned())];
        expect(await failEntry(record.trade.tradeId, 1, lastOf(other).attemptId)).toBe(false);
        expect(lastOf(await find(other.trade.tradeId)).status).toBe("drafted");
      });

      test("is not signed when its trade has failed", async () => {
        const record = await drafted(await planned());
        const { attemptId } = lastOf(record);
        expect(await failEntry(record.trade.tradeId, 1, attemptId)).toBe(true);
        expect(await stores.attempts.sign(attemptId, unique("sig"), AT)).toBe(false);
        expect(lastOf(await find(record.trade.tradeId)).status).toBe("abandoned");
      });

      test("that is live keeps its trade from failing", async () => {
        const record = await signed(await planned());
        expect(await failEntry(record.trade.tradeId, 0)).toBe(false);
        expect(await failEntry(record.trade.tradeId, 1, lastOf(record).attemptId)).toBe(false);
      });

      test("that nobody had seen keeps its trade from failing", async () => {
        const record = await planned();
        await drafted(record);
        expect(await failEntry(record.trade.tradeId, 0)).toBe(false);
        expect(await failEntry(record.trade.tradeId, 1)).toBe(true);
      });

      test("moves its trade to submitted with one event, whoever comes twice", async () => {
        const record = await signed(await planned());
        expect(record.trade).toMatchObject({ status: "submitted", submittedAt: AT });
        expect(await stores.trades.submit(lastOf(record).attemptId, [], AT)).toBe(false);
        expect((await eventsOf(record.position.positionId)).map((event) => event.name)).toEqual(["trade_executed"]);
      });
    });

    describe("a fill", () => {
      const moved = fill({
        amountIn: units(100_000_000),
        amountOut: units(666_000_000),
        rentLamports: units(2_039_280),
      });

      test("opens the position and is booked once", async () => {
        const record = await signed(await planned());
        const landings = await Promise.all([land(record, moved), land(record, moved)]);
        expect(landings.filter(Boolean)).toHaveLength(1);
        const { trade, position, attempts } = await find(record.trade.tradeId);
        expect(trade).toMatchObject({ status: "confirmed", confirmedAt: later(1) });
        expect(attempts[0]).toMatchObject({ status: "landed", fill: moved });
        expect(position).toMatchObject({ status: "open", openedAt: later(1), highWaterMark: 150 });
        expect(position.totals).toEqual({
          entryIn: 100_000_000n,
          entryOut: 666_000_000n,
          exitIn: 0n,
          exitOut: 0n,
          missing: 0n,
          dust: 0n,
          feesLamports: 6_000n,
          rentLamports: 2_039_280n,
          feesQuote: 900n,
        });
      });

      test("that was judged in another status is not booked", async () => {
        const record = await signed(await planned());
        expect(await land({ ...record, position: { ...record.position, status: "open" } as never }, moved)).toBe(false);
      });

      test("is taken back when it is forked away, and booked again when it lands again", async () => {
        const record = await opened();
        const { attemptId } = lastOf(record);
        expect(await stores.fills.fork(attemptId, "open", [], later(2))).toBe(true);
        const forked = await find(record.trade.tradeId);
        expect(forked.trade.status).toBe("submitted");
        expect(lastOf(forked).status).toBe("live");
        expect(forked.position).toMatchObject({ status: "opening", version: 2 });
        expect(forked.position.totals).toMatchObject({ entryIn: 0n, entryOut: 0n, feesLamports: 0n, feesQuote: 0n });
        expect(await stores.fills.fork(attemptId, "opening", [], later(2))).toBe(false);
        expect(await land(forked, moved)).toBe(true);
        expect((await find(record.trade.tradeId)).position).toMatchObject({
          status: "open",
          totals: { entryOut: 666_000_000n },
        });
      });

      test("that moved to another block is corrected to what stands there", async () => {
        const record = await opened();
        const there = fill({ amountIn: units(100_000_000), amountOut: units(665_000_000), slot: 1_007n });
        const told = async () => {
          const { trade, position } = await find(record.trade.tradeId);
          return { position, exits: null, events: [alarmRaised(trade, "LATE_LANDING", "told")], at: AT };
        };
        const stale = await told();
        expect(await stores.fills.move(lastOf(record).attemptId, there, units(800), await told())).toBe(true);
        expect(await stores.fills.move(lastOf(record).attemptId, there, units(800), await told())).toBe(false);
        const elsewhere = { ...there, slot: 1_008n };
        expect(await stores.fills.move(lastOf(record).attemptId, elsewhere, units(800), stale)).toBe(false);
        const moved_ = await find(record.trade.tradeId);
        expect(lastOf(moved_)).toMatchObject({ status: "landed", fill: there });
        expect(moved_.position).toMatchObject({ status: "open", version: 1 });
        expect(moved_.position.totals).toMatchObject({
          entryIn: 100_000_000n,
          entryOut: 665_000_000n,
          feesQuote: 800n,
        });
      });

      test("whose fee has no known value makes the sum unknown", async () => {
        const record = await signed(await planned());
        await stores.fills.land({
          attemptId: lastOf(record).attemptId,
          fill: moved,
          feeQuote: null,
          judged: "opening",
          entryPrice: price(150),
          events: [],
          at: AT,
        });
        expect((await find(record.trade.tradeId)).position.totals.feesQuote).toBeNull();
      });

      test("of an exit is no more meant for it when it is booked, and again when it is forked away", async () => {
        const exit = await signed(await closing());
        const exiting = async () => (await find(exit.trade.tradeId)).position.exiting;
        expect(await exiting()).toBe(666_000_000n);
        await land(exit, fill({ amountIn: units(666_000_000), amountOut: units(98_000_000) }));
        expect(await exiting()).toBe(0n);
        expect(await stores.fills.fork(lastOf(exit).attemptId, "closing", [], later(2))).toBe(true);
        expect(await exiting()).toBe(666_000_000n);
        expect((await find(exit.trade.tradeId)).position).toMatchObject({ version: 2, totals: { exitIn: 0n } });
      });

      test("of an attempt that was taken for dead leaves its trade as it is, and why its position closes", async () => {
        const entry = await opened();
        const part = await signed(await closed(entry, 166_000_000n, 666_000_000n));
        const { attemptId } = lastOf(part);
        await stores.attempts.expire(attemptId, later(60));
        const { trade, position } = await find(part.trade.tradeId);
        const late = {
          attemptId,
          fill: fill({ amountIn: units(666_000_000), amountOut: units(98_000_000) }),
          feeQuote: units(900),
          trade: trade.status,
          position,
          counts: true,
          closes: "closed_externally" as const,
          events: [],
          at: later(90),
        };
        expect(await stores.fills.landLate({ ...late, position: { ...position, exiting: units(0) } })).toBe(false);
        expect(await stores.fills.landLate({ ...late, trade: "superseded" })).toBe(false);
        expect(await stores.fills.landLate(late)).toBe(true);
        expect(await stores.fills.landLate(late)).toBe(false);
        const after = await find(part.trade.tradeId);
        expect([after.trade.status, lastOf(after).status]).toEqual(["submitted", "final"]);
        expect(after.position).toMatchObject({ status: "closed", closeReason: "manual", closedAt: later(90) });
      });

      test("of an exit can never be more than is held", async () => {
        const exit = await signed(await closing());
        await expect(land(exit, fill({ amountIn: units(666_000_001), amountOut: units(1) }))).rejects.toThrow();
        expect((await find(exit.trade.tradeId)).trade.status).toBe("submitted");
      });
    });

    describe("a claim", () => {
      test("latches the position, records the trigger, plans the whole exit, and tells it", async () => {
        const entry = await opened();
        const fired = firedOf(entry);
        const { positionId } = entry.position;
        expect(await stores.stops.claim([fired], later(2))).toEqual([
          { armed: fired.armed, claimed: true, current: null },
        ]);
        const exit = await find(fired.exitTradeId);
        expect(exit.trade).toMatchObject({
          status: "planned",
          kind: "exit",
          side: "sell",
          amountIn: 666_000_000n,
          inputMint: SOL_USDC.baseMint,
          outputMint: SOL_USDC.quoteMint,
        });
        expect(exit.position).toMatchObject({ status: "closing", closeReason: "trailing_stop", version: 2 });
        expect((await eventsOf(positionId)).at(-1)).toMatchObject({
          name: "stop_loss_triggered",
          payload: { tradeId: fired.exitTradeId, acceptedPrice: "140", stopPrice: "145.5" },
        });
      });

      test("is won once when ten come at once", async () => {
        const entry = await opened();
        const claims = await Promise.all(Array.from({ length: 10 }, () => stores.stops.claim([firedOf(entry)], AT)));
        expect(claims.flat().filter((claim) => claim.claimed)).toHaveLength(1);
      });

      test("keeps the better mark of what was recorded and what it was judged by", async () => {
        const marked = async (judged: number) => {
          const entry = await opened();
          const fired = firedOf(entry);
          const raised = { ...fired, armed: { ...fired.armed, highWaterMark: price(155) } };
          expect(await stores.stops.raiseMarks([raised], AT)).toBe(1);
          await stores.stops.claim([{ ...fired, armed: { ...fired.armed, highWaterMark: price(judged) } }], AT);
          return (await find(entry.trade.tradeId)).position;
        };
        expect(await marked(150)).toMatchObject({ status: "closing", highWaterMark: 155 });
        expect(await marked(160)).toMatchObject({ status: "closing", highWaterMark: 160 });
      });

      test("whose exit is there already changes nothing of any", async () => {
        const entries = [await opened(), await opened()];
        const [fired, other] = entries.map(firedOf);
        if (!fired || !other) return expect.unreachable("both are armed");
        const taken = { ...other, exitTradeId: entries[0]?.trade.tradeId ?? "" };
        await expect(stores.stops.claim([fired, taken], AT)).rejects.toThrow();
        for (const entry of entries) expect(await find(entry.trade.tradeId)).toEqual(entry);
      });

      test("of a version that has moved does not fire, and answers with the rule that is armed now", async () => {
        const entry = await opened();
        const fired = firedOf(entry);
        const stale = { ...fired, armed: { ...fired.armed, version: 7 } };
        expect(await stores.stops.claim([stale], AT)).toEqual([
          { armed: stale.armed, claimed: false, current: fired.armed },
        ]);
        expect((await find(entry.trade.tradeId)).position.status).toBe("open");
      });

      test("answers for each of many", async () => {
        const entries = [await opened(), await opened(), await opened()];
        const fired = entries.map(firedOf);
        await stores.stops.claim([fired[1] ?? expect.unreachable()], AT);
        const claims = await stores.stops.claim(fired, AT);
        expect(claims.map((claim) => claim.claimed)).toEqual([true, false, true]);
        expect(claims[1]?.current).toBeNull();
      });
    });

    describe("an exit", () => {
      test("closes the position when it is final and not before", async () => {
        const exit = await signed(await closing());
        expect(await land(exit, fill({ amountIn: units(666_000_000), amountOut: units(98_000_000) }))).toBe(true);
        const landed = await find(exit.trade.tradeId);
        expect(landed.position).toMatchObject({
          status: "closing",
          totals: { exitIn: 666_000_000n, exitOut: 98_000_000n },
        });
        const { attemptId } = lastOf(landed);
        expect(await stores.fills.finalize(attemptId, landed.position, units(0), [], later(15))).toBe(true);
        expect(await stores.fills.finalize(attemptId, landed.position, units(0), [], later(15))).toBe(false);
        const final = await find(exit.trade.tradeId);
        expect(final.trade).toMatchObject({ status: "finalized", finalizedAt: later(15) });
        expect(final.position).toMatchObject({ status: "closed", closedAt: later(15), closeReason: "trailing_stop" });
      });

      test("is not drafted for what its position does not hold any more", async () => {
        const entry = await opened();
        const fired = firedOf(entry);
        await stores.stops.claim([fired], later(2));
        await stores.fills.fork(lastOf(entry).attemptId, "closing", [], later(3));
        expect(await draft(await find(fired.exitTradeId))).toBe(false);
        const forked = await find(entry.trade.tradeId);
        expect(await stores.attempts.expire(lastOf(forked).attemptId, later(60))).toBe(true);
        expect(await failEntry(entry.trade.tradeId, 1)).toBe(true);
        expect((await find(fired.exitTradeId)).trade.status).toBe("superseded");
        expect((await find(entry.trade.tradeId)).position.status).toBe("aborted");
      });

      test("is not signed for what its position does not hold any more", async () => {
        const entry = await opened();
        const fired = firedOf(entry);
        await stores.stops.claim([fired], later(2));
        const exit = await drafted(await find(fired.exitTradeId));
        await stores.fills.fork(lastOf(entry).attemptId, "closing", [], later(3));
        expect(await stores.attempts.sign(lastOf(exit).attemptId, unique("sig"), AT)).toBe(false);
      });

      test("that is drafted keeps the entry of its position from failing, and is superseded with it when it is given up", async () => {
        const entry = await opened();
        const fired = firedOf(entry);
        await stores.stops.claim([fired], later(2));
        const exit = await drafted(await find(fired.exitTradeId));
        await stores.fills.fork(lastOf(entry).attemptId, "closing", [], later(3));
        await stores.attempts.expire(lastOf(entry).attemptId, later(60));
        expect(await failEntry(entry.trade.tradeId, 1)).toBe(false);
        await stores.attempts.abandon(lastOf(exit).attemptId, null);
        expect(await failEntry(entry.trade.tradeId, 1)).toBe(true);
        const { trade, position } = await find(fired.exitTradeId);
        expect([trade.status, position.status, position.exiting]).toEqual(["superseded", "aborted", 0n]);
      });

      test("never fails, whatever is asked", async () => {
        const exit = await closing();
        expect(await failEntry(exit.trade.tradeId, 0)).toBe(false);
      });

      test("that was not all of it leaves the rest open, under a new version", async () => {
        const exit = await signed(await closing());
        await land(exit, fill({ amountIn: units(1), amountOut: units(1) }));
        await stores.fills.finalize(
          lastOf(exit).attemptId,
          (await find(exit.trade.tradeId)).position,
          units(0),
          [],
          AT,
        );
        expect((await find(exit.trade.tradeId)).position).toMatchObject({ status: "open", version: 3 });
      });
    });

    describe("closing for a person", () => {
      const close = async (record: TradeRecord, amountIn: number, seen: number): Promise<string | null> => {
        const tradeId = unique("trd");
        const planned_ = await stores.positions.planClose({
          accountId: record.position.accountId,
          positionId: record.position.positionId,
          tradeId,
          seen: units(seen),
          amountIn: units(amountIn),
          key: null,
          events: [],
          at: next(),
        });
        return planned_ ? tradeId : null;
      };
      const leave = async (tradeId: string, amountIn: number): Promise<TradeRecord> => {
        const exit = await signed(await find(tradeId));
        expect(await land(exit, fill({ amountIn: units(amountIn), amountOut: units(1_000_000) }))).toBe(true);
        await entryFinal(exit);
        const { position } = await find(tradeId);
        expect(await stores.fills.finalize(lastOf(exit).attemptId, position, units(0), [], later(15))).toBe(true);
        return find(tradeId);
      };

      test("plans one exit of what was seen, whoever comes at once", async () => {
        const entry = await opened();
        const plans = await Promise.all(Array.from({ length: 5 }, () => close(entry, 666_000_000, 666_000_000)));
        const tradeIds = plans.filter((tradeId) => tradeId !== null);
        expect(tradeIds).toHaveLength(1);
        const exit = await stores.trades.findExit(entry.position.positionId);
        expect(exit?.trade).toMatchObject({ tradeId: tradeIds[0], kind: "exit", side: "sell", amountIn: 666_000_000n });
        expect(exit?.position).toMatchObject({ status: "closing", closeReason: "manual", partial: false });
        expect(await close(entry, 666_000_000, 666_000_000)).toBeNull();
      });

      test("of a part leaves the position open when it is final, with its stop and what is left", async () => {
        const entry = await opened();
        const tradeId = (await close(entry, 166_000_000, 666_000_000)) ?? expect.unreachable();
        expect((await find(tradeId)).position).toMatchObject({
          status: "closing",
          partial: true,
          exiting: 166_000_000n,
        });
        const { position } = await leave(tradeId, 166_000_000);
        expect(position).toMatchObject({ status: "open", version: 1, exiting: 0n, totals: { exitIn: 166_000_000n } });
        const second = (await close(entry, 500_000_000, 500_000_000)) ?? expect.unreachable();
        expect((await leave(second, 500_000_000)).position).toMatchObject({ status: "closed", closeReason: "manual" });
      });

      test("of a part lets the stop fire on the rest, and both exits run to the end, one after the other", async () => {
        const entry = await opened();
        const part = (await close(entry, 166_000_000, 666_000_000)) ?? expect.unreachable();
        const partial = await find(part);
        const fired = firedOf(partial);
        expect((await stores.stops.claim([fired], later(3)))[0]).toMatchObject({ claimed: true });
        const rest = await find(fired.exitTradeId);
        expect(rest.trade.amountIn).toBe(500_000_000n);
        expect(rest.position).toMatchObject({ status: "closing", partial: false, closeReason: "trailing_stop" });
        // The stop's exit has the next attempt, although the part was there before.
        expect(await draft(partial)).toBe(false);
        const left = await leave(fired.exitTradeId, 500_000_000);
        expect(left.position).toMatchObject({ status: "closing", exiting: 166_000_000n });
        expect((await leave(part, 166_000_000)).position.status).toBe("closed");
      });

      test("of the rest joins a part that is on its way", async () => {
        const entry = await opened();
        const part = (await close(entry, 166_000_000, 666_000_000)) ?? expect.unreachable();
        expect(await close(entry, 100_000_000, 500_000_000)).toBeNull();
        const rest = (await close(entry, 500_000_000, 500_000_000)) ?? expect.unreachable();
        const left = await leave(rest, 500_000_000);
        expect(left.position.status).toBe("closing");
        expect((await leave(part, 166_000_000)).position.status).toBe("closed");
      });

      test("of a part that was forked away under it keeps no other stop from firing", async () => {
        const entry = await opened();
        const fired = firedOf(entry);
        await close(entry, 333_000_000, 666_000_000);
        await stores.fills.fork(lastOf(entry).attemptId, "closing", [], later(3));
        const other = await opened();
        const claims = await stores.stops.claim(
          [{ ...fired, armed: { ...fired.armed, version: 2 } }, firedOf(other)],
          AT,
        );
        expect(claims.map((claim) => claim.claimed)).toEqual([false, true]);
        expect((await stores.stops.armed()).map((armed) => armed.positionId)).not.toContain(entry.position.positionId);
      });

      test("plans nothing under a key that was taken a moment ago, of whatever position", async () => {
        const accountId = await newAccount();
        const [entry, other] = [await opened({ accountId }), await opened({ accountId })];
        const key = { idempotencyKey: unique("key"), requestDigest: "digest" };
        const seen = units(666_000_000);
        const plan = { accountId, seen, amountIn: seen, key, events: [], at: next() };
        const { positionId } = entry.position;
        expect(await stores.positions.planClose({ ...plan, positionId, tradeId: unique("trd") })).toBe(true);
        const again = { ...plan, positionId: other.position.positionId, tradeId: unique("trd") };
        expect(await stores.positions.planClose(again)).toBe(false);
        expect(await find(other.trade.tradeId)).toEqual(other);
      });

      test("is for the position's own account alone, and of nothing it is refused", async () => {
        const entry = await opened();
        const { accountId, positionId } = entry.position;
        const seen = units(666_000_000);
        const nothing = { positionId, tradeId: unique("trd"), seen, key: null, events: [], at: next() };
        const elsewhere = { ...nothing, accountId: await newAccount(), amountIn: seen };
        expect(await stores.positions.planClose(elsewhere)).toBe(false);
        await expect(stores.positions.planClose({ ...nothing, accountId, amountIn: units(0) })).rejects.toThrow();
        expect(await find(entry.trade.tradeId)).toEqual(entry);
      });

      test("names what it has seen: with a fill booked in between it plans nothing", async () => {
        expect(await close(await opened(), 1, 665_999_999)).toBeNull();
      });
    });

    describe("a rule", () => {
      test("is replaced once under its version, and begins from the price of now", async () => {
        const { position } = await opened();
        const replace = (stop: number) =>
          stores.stops.replace({
            accountId: position.accountId,
            positionId: position.positionId,
            version: 1,
            stop: { kind: "fixed", price: price(stop) },
            highWaterMark: price(155),
            events: [],
            at: later(2),
          });
        const outcomes = await Promise.all([replace(140), replace(141), replace(142)]);
        expect(outcomes.filter(Boolean)).toHaveLength(1);
        const now = await stores.positions.find(position.accountId, position.positionId);
        expect(now).toMatchObject({ version: 2, highWaterMark: 155, stop: { kind: "fixed" } });
        expect(
          (
            await stores.stops.claim(
              [firedOf(await find((await stores.trades.findEntry(position.positionId)) ?? ""))],
              AT,
            )
          )[0],
        ).toMatchObject({ claimed: true });
      });

      test("may be another one while its position opens, and not when that is over", async () => {
        const record = await planned();
        const { accountId, positionId } = record.position;
        const replace = (version: number) =>
          stores.stops.replace({
            accountId,
            positionId,
            version,
            stop: { kind: "fixed", price: price(140) },
            highWaterMark: price(155),
            events: [],
            at: later(2),
          });
        expect(await replace(1)).toBe(true);
        expect((await find(record.trade.tradeId)).position).toMatchObject({ version: 2, stop: { price: 140 } });
        await failEntry(record.trade.tradeId, 0);
        expect(await replace(2)).toBe(false);
      });

      test("of another account is not touched", async () => {
        const { position } = await opened();
        const replacement = {
          accountId: await newAccount(),
          positionId: position.positionId,
          version: 1,
          stop: { kind: "fixed" as const, price: price(1) },
          highWaterMark: price(155),
          events: [],
          at: AT,
        };
        expect(await stores.stops.replace(replacement)).toBe(false);
      });
    });

    test("what positions hold and entries will spend is committed, by mint", async () => {
      const accountId = await newAccount();
      await opened({ accountId });
      await planned({ accountId });
      await planned({ accountId, symbol: "JUP/USDC" });
      const committed = (mint: Mint) => stores.positions.committed(accountId, mint, later(60));
      expect(await committed(SOL_USDC.baseMint)).toEqual({ amount: 666_000_000n, lastFillSlot: 1_000n });
      expect(await committed(SOL_USDC.quoteMint)).toEqual({ amount: 200_000_000n, lastFillSlot: 1_000n });
    });

    test("what an exit has spent is committed until that is final: a fork gives it back", async () => {
      const exit = await signed(await closing());
      const { accountId } = exit.trade;
      const committed = async () => (await stores.positions.committed(accountId, SOL_USDC.baseMint, later(60))).amount;
      expect(await committed()).toBe(666_000_000n);
      expect(await land(exit, fill({ amountIn: units(666_000_000), amountOut: units(1) }))).toBe(true);
      expect(await committed()).toBe(666_000_000n);
      const { attempts, position } = await find(exit.trade.tradeId);
      const [attempt] = attempts;
      await stores.fills.finalize(attempt?.attemptId ?? "", position, units(0), [], later(30));
      expect(await committed()).toBe(0n);
    });

    describe("marks", () => {
      test("are recorded only higher, for the version that was judged, with an event each", async () => {
        const entry = await opened();
        const { armed } = firedOf(entry);
        const raise = (to: number, version = armed.version) =>
          stores.stops.raiseMarks(
            [
              {
                armed: { ...armed, version, highWaterMark: price(to) },
                stopPrice: price(to * 0.97),
                acceptedPrice: price(to),
              },
            ],
            AT,
          );
        expect(await raise(155)).toBe(1);
        expect(await raise(155)).toBe(0);
        expect(await raise(151)).toBe(0);
        expect(await raise(160, 9)).toBe(0);
        expect((await find(entry.trade.tradeId)).position).toMatchObject({ highWaterMark: 155 });
        const events = await eventsOf(entry.position.positionId);
        expect(events.filter((event) => event.name === "trailing_stop_updated")).toHaveLength(1);
      });

      test("are what a book is rebuilt from", async () => {
        const entry = await opened();
        const armed = await stores.stops.armed();
        expect(armed.find((each) => each.positionId === entry.position.positionId)).toEqual(firedOf(entry).armed);
      });
    });

    test("events have the sequence of their position, without a gap, and ids made from it", async () => {
      const exit = await signed(await closing());
      const { positionId } = exit.position;
      const events = await eventsOf(positionId);
      expect(events.map((event) => event.name)).toEqual(["trade_executed", "stop_loss_triggered", "trade_executed"]);
      expect(events.map((event) => event.positionSequence)).toEqual([1, 2, 3]);
      expect(events.map((event) => event.eventId)).toEqual([1, 2, 3].map((each) => `evt_${positionId}_${each}`));
    });

    test("positions are listed newest first, as many as are asked for, in the statuses that are asked for", async () => {
      const accountId = await newAccount();
      const records = [await opened({ accountId }), await planned({ accountId }), await planned({ accountId })];
      await failEntry(records[1]?.trade.tradeId ?? "", 0);
      const [open, aborted, opening] = records.map(({ position }) => position.positionId);
      const list = async (limit: number, ...statuses: PositionStatus[]) =>
        (await stores.positions.list(accountId, statuses, limit)).map(({ positionId }) => positionId);
      expect(await list(10, "open", "opening")).toEqual([opening, open]);
      expect(await list(10, "open", "aborted", "opening")).toEqual([opening, aborted, open]);
      expect(await list(1, "open", "aborted")).toEqual([aborted]);
    });

    test("a position is found by its own account alone", async () => {
      const { position } = await planned();
      expect(await stores.positions.find(position.accountId, position.positionId)).toMatchObject({ status: "opening" });
      expect(await stores.positions.find(await newAccount(), position.positionId)).toBeNull();
    });

    test("a wallet belongs to one account", async () => {
      const accountId = await newAccount();
      await stores.accounts.add({ accountId, wallet: `wallet of ${accountId}` }, AT);
      await expect(
        stores.accounts.add({ accountId: unique("acc"), wallet: `wallet of ${accountId}` }, AT),
      ).rejects.toThrow();
    });
  });
}
