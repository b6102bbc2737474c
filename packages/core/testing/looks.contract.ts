/** What every implementation of the stores must do for `reconcile` and the relay: what they are told of, in which order. */
import { beforeAll, describe, expect, test } from "vitest";
import { MARKET_SEED } from "../src/market/market.ts";
import type { Expired } from "../src/reconcile/reconcile.store.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { AT, SOL_USDC, units } from "./given.ts";
import { givenIn, later, type Stores } from "./stores.given.ts";

const SOL = SOL_USDC.baseMint;

export function looksContract(name: string, open: () => Promise<Stores>): void {
  describe(`what is to be looked at, ${name}`, () => {
    let stores: Stores;

    beforeAll(async () => {
      stores = await open();
      await stores.markets.seed(MARKET_SEED);
    });

    const { newAccount, planned, lastOf, signed, opened, failEntry, closing, again, alarm, postponement } = givenIn(
      () => stores,
    );

    const idOf = ({ trade }: TradeRecord): string => trade.tradeId;

    test("trades that were planned before are told oldest first, and not while a look is ahead of them", async () => {
      // Before anything that another test has planned.
      const [first, second, third] = [
        await planned({ at: later(-1_000) }),
        await planned({ at: later(-900) }),
        await planned({ at: later(-800) }),
      ];
      const unlooked = (before: number, now: number, limit = 10) =>
        stores.looks.unlooked(later(before), later(now), limit);
      expect(await unlooked(-799, 0)).toEqual([first, second, third].map(idOf));
      expect(await unlooked(-799, 0, 2)).toEqual([first, second].map(idOf));
      expect(await unlooked(-800, 0)).toEqual([first, second].map(idOf));
      await failEntry(idOf(second), 0);
      expect(await stores.looks.takeLook(idOf(first), AT, later(60))).toBe(true);
      expect(await unlooked(-799, 60)).toEqual([third].map(idOf));
      expect(await unlooked(-799, 61)).toEqual([first, third].map(idOf));
    });

    test("a look is taken once, unless the one ahead comes too late", async () => {
      const record = await planned();
      const take = (until: number, at: number) => stores.looks.takeLook(idOf(record), later(until), later(at));
      expect(await take(0, 60)).toBe(true);
      expect(await take(60, 61)).toBe(false);
      expect(await take(61, 62)).toBe(true);
      await failEntry(idOf(record), 0);
      expect(await take(1_000, 1_000)).toBe(false);
    });

    test("what expired is told from a moment on, the latest first, page by page", async () => {
      const dead = async (seconds: number): Promise<TradeRecord> => {
        const record = await signed(await planned());
        await stores.attempts.expire(lastOf(record).attemptId, later(seconds));
        return record;
      };
      const [first, second, third] = [await dead(10), await dead(20), await dead(20)];
      const tradeIds = [first, second, third].map(idOf);
      const expired = async (since: number, before: Expired | null, limit: number) =>
        stores.looks.expired(later(since), tradeIds, before, limit);
      expect((await expired(9, null, 10)).map(({ tradeId }) => tradeId)).toEqual(tradeIds.toReversed());
      expect((await expired(10, null, 10)).map(({ tradeId }) => tradeId)).toEqual([third, second].map(idOf));
      const [one, two] = await expired(0, null, 2);
      expect(two?.attemptId).toBe(lastOf(second).attemptId);
      expect((await expired(0, two ?? null, 2)).map(({ tradeId }) => tradeId)).toEqual([idOf(first)]);
      expect(one).toEqual({
        attemptId: lastOf(third).attemptId,
        tradeId: idOf(third),
        signature: expect.any(String),
        endedAt: later(20),
      });
    });

    test("of what is held comes first what was never looked at, and then what was not for longest", async () => {
      const looked = async (at: Date | null): Promise<string> => {
        const { accountId } = (await opened()).position;
        if (at) await stores.shortages.agree({ accountId, mint: SOL, slot: 1n, at });
        return accountId;
      };
      const accounts = [await looked(later(20)), await looked(null), await looked(later(10))];
      const short = await newAccount();
      await stores.shortages.sight({ accountId: short, mint: SOL, slot: 1n, at: later(30) }, units(1));
      const mine = new Set([...accounts, short]);
      const held = (await stores.looks.holdings(100_000)).filter(({ account }) => mine.has(account.accountId));
      expect(held.map(({ account }) => account.accountId)).toEqual([accounts[1], accounts[2], accounts[0], short]);
      expect(held[0]).toEqual({ account: { accountId: accounts[1], wallet: `wallet of ${accounts[1]}` }, mint: SOL });
      expect(await stores.looks.holdings(1)).toHaveLength(1);
    });

    test("a mint is frozen for what was seen last, once, and that is told", async () => {
      const record = await opened();
      const { accountId, positionId } = record.position;
      const at = (slot: bigint) => ({ accountId, mint: SOL, slot, at: later(3) });
      const seen = async () => (await stores.shortages.sighting(accountId, SOL)) ?? expect.unreachable();
      await stores.shortages.sight(at(20n), units(5));
      const before = await seen();
      await stores.shortages.sight(at(60n), units(5));
      const freeze = (sighting: typeof before) =>
        stores.shortages.freeze({ ...at(60n), sighting, positionId, events: [alarm(record)] });
      expect(await freeze(before)).toBe(false);
      expect(await freeze({ ...(await seen()), amount: units(4) })).toBe(false);
      expect([await freeze(await seen()), await freeze(await seen())]).toEqual([true, false]);
      expect(await seen()).toMatchObject({ amount: 5n, slot: 60n, frozenAt: later(3) });
      const events = (await stores.outbox.after(0n, 100_000)).filter((event) => event.positionId === positionId);
      expect(events.filter(({ name: told }) => told === "alarm_raised")).toHaveLength(1);
    });

    test("what is written off is never more than the lot holds", async () => {
      const { position } = await opened();
      const [lot] = (await stores.shortages.books(position.accountId, SOL)).lots;
      if (!lot) return expect.unreachable("the position is a lot");
      const off = { accountId: position.accountId, mint: SOL, lot, events: [], at: later(3) };
      await expect(stores.shortages.writeOff({ ...off, amount: units(666_000_001) })).rejects.toThrow();
      expect((await stores.shortages.books(position.accountId, SOL)).lots).toEqual([lot]);
    });

    test("events are undelivered until they are marked, each position's in their order, but for some positions'", async () => {
      const [one, other] = [await closing(), await closing()];
      for (const record of [one, other])
        await stores.turns.postpone(postponement(await again(record), { events: [alarm(record), alarm(record)] }));
      const of = async (except: readonly number[]) =>
        (await stores.outbox.undelivered(100_000, except)).filter(
          ({ positionId }) => positionId === one.position.positionId || positionId === other.position.positionId,
        );
      const all = await of([]);
      expect(all.map(({ sequence }) => sequence)).toEqual(all.map(({ sequence }) => sequence).toSorted(byNumber));
      const mine = all.filter(({ positionId }) => positionId === one.position.positionId);
      expect(mine.map(({ positionSequence }) => positionSequence)).toEqual([1, 2, 3, 4]);
      expect(await of([other.position.positionId])).toEqual(mine);
      expect(await stores.outbox.undelivered(1, [])).toHaveLength(1);

      await stores.outbox.markDelivered(
        mine.slice(0, 2).map(({ sequence }) => sequence),
        later(9),
      );
      expect(await of([other.position.positionId])).toEqual(mine.slice(2));
      const [, , third] = mine;
      const after = await stores.outbox.after(third?.sequence ?? 0n, 1);
      expect(after.map(({ sequence }) => sequence > (third?.sequence ?? 0n))).toEqual([true]);
    });
  });
}

const byNumber = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
