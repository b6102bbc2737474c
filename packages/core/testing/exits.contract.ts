/** What every implementation of the stores must do for exits: what is around one, and what takes its place. */
import { beforeAll, describe, expect, test } from "vitest";
import { MARKET_SEED } from "../src/market/market.ts";
import { held } from "../src/position/position.ts";
import type { Replacement } from "../src/trade/exit.store.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { partIdOf } from "../src/trade/trade.ts";
import { AT, fill, SOL_USDC, units } from "./given.ts";
import { givenIn, HOLDING, later, type Stores, unique } from "./stores.given.ts";

const JUP = MARKET_SEED.find(({ symbol }) => symbol === "JUP/USDC")?.baseMint ?? SOL_USDC.baseMint;

export function exitsContract(name: string, open: () => Promise<Stores>): void {
  describe(`exits, ${name}`, () => {
    let stores: Stores;

    beforeAll(async () => {
      stores = await open();
      await stores.markets.seed(MARKET_SEED);
    });

    const {
      newAccount,
      find,
      planned,
      draft,
      drafted,
      lastOf,
      signed,
      land,
      opened,
      firedOf,
      closing,
      eventsOf,
      again,
      alarm,
      postponement,
      close,
    } = givenIn(() => stores);

    describe("what is around an exit", () => {
      test("is what the account's other positions hold of the mint, and no more", async () => {
        const accountId = await newAccount();
        const [entry] = [await opened({ accountId }), await opened({ accountId }), await planned({ accountId })];
        await opened();
        const fired = firedOf(entry);
        await stores.stops.claim([fired], later(2));
        const { trade } = await find(fired.exitTradeId);
        expect(await stores.exits.surroundings(trade)).toEqual({
          heldByOthers: HOLDING,
          unfinished: true, // both entries are landed, and may be forked away
          otherExits: false,
          waits: false,
          lastFillSlot: 1_000n,
        });
      });

      test("is of others that close as well only what is older: a shortage is the newest one's", async () => {
        const accountId = await newAccount();
        const [older, newer] = [await opened({ accountId }), await opened({ accountId })];
        const exits = [await closeOf(older), await closeOf(newer)];
        const held = exits.map(async ({ trade }) => (await stores.exits.surroundings(trade)).heldByOthers);
        expect(await Promise.all(held)).toEqual([0n, HOLDING]);
      });

      test("has nothing unfinished once every attempt that moves the mint is final", async () => {
        const entry = await opened();
        await stores.fills.finalize(lastOf(entry).attemptId, entry.position, units(0), [], later(15));
        const fired = firedOf(entry);
        await stores.stops.claim([fired], later(16));
        const { trade } = await find(fired.exitTradeId);
        expect(await stores.exits.surroundings(trade)).toMatchObject({ unfinished: false, heldByOthers: 0n });
        await drafted(await find(trade.tradeId));
        expect(await stores.exits.surroundings(trade)).toMatchObject({ unfinished: true });
      });

      test("is overdue where it was drafted long ago and is not final, but for its own", async () => {
        const accountId = await newAccount();
        const { trade } = await closeOf(await opened({ accountId }));
        const entry = await signed(await planned({ accountId }));
        const elsewhere = await signed(await planned({ accountId, symbol: "JUP/USDC", outputMint: JUP }));
        await signed(await planned());
        const overdue = (before: Date, of = trade) => stores.exits.overdue(of, before);
        expect(await overdue(AT)).toEqual([]);
        expect(await overdue(later(1))).toEqual([entry.trade.tradeId]);
        expect(await overdue(later(1), entry.trade)).toEqual([elsewhere.trade.tradeId]);
        expect(await land(entry, fill())).toBe(true);
        expect(await overdue(later(1))).toEqual([entry.trade.tradeId]);
        const { position } = await find(entry.trade.tradeId);
        await stores.fills.finalize(lastOf(entry).attemptId, position, units(0), [], later(15));
        expect(await overdue(later(1))).toEqual([]);
      });

      test("is quote for a position of side sell", async () => {
        const accountId = await newAccount();
        const mints = { inputMint: SOL_USDC.baseMint, outputMint: SOL_USDC.quoteMint };
        const record = await signed(await planned({ accountId, side: "sell", ...mints }));
        await land(record, fill({ amountIn: units(100_000_000), amountOut: units(15_000_000) }));
        const { trade } = await closeOf(await opened({ accountId }));
        expect(await stores.exits.surroundings(trade)).toMatchObject({ heldByOthers: 0n });
        const spendingQuote = { ...trade, inputMint: SOL_USDC.quoteMint };
        expect(await stores.exits.surroundings(spendingQuote)).toMatchObject({ heldByOthers: 15_000_000n });
      });

      const closeOf = (entry: TradeRecord): Promise<TradeRecord> => close(entry, HOLDING, HOLDING);

      test("makes one that was latched before another wait for it, until that one has had three setbacks", async () => {
        const entry = await opened();
        const part = await close(entry, 166_000_000n, HOLDING);
        const rest = await close(entry, 500_000_000n, 500_000_000n);
        const waits = async ({ trade }: TradeRecord) => (await stores.exits.surroundings(trade)).waits;
        expect([await waits(part), await waits(rest)]).toEqual([true, false]);
        expect(await draft(part)).toBe(false);
        for (const waiting of [true, true, false]) {
          expect(await stores.turns.postpone(postponement(await again(rest)))).toBe(true);
          expect([await waits(part), await waits(rest)]).toEqual([waiting, false]);
        }
        await drafted(part);
        expect([await waits(part), await waits(rest)]).toEqual([false, true]);
        expect(await draft(await again(rest))).toBe(false);
      });
    });

    describe("an exit that is replaced", () => {
      const replacement = (
        { trade, attempts, position }: TradeRecord,
        over: Partial<Replacement> = {},
      ): Replacement => ({
        tradeId: trade.tradeId,
        attempts: attempts.length,
        held: held(position.totals),
        exiting: position.exiting,
        otherExits: false,
        tries: 7,
        parts: [1n, 2n].map((part) => ({
          tradeId: partIdOf(trade.tradeId, Number(part)),
          amountIn: units(trade.amountIn / 2n),
        })),
        missing: units(0),
        dust: units(0),
        events: [],
        at: later(5),
        ...over,
      });

      test("ends with its position, which does not end before it, though another part has taken what it was meant for", async () => {
        const exit = await closing();
        const parts = [1, 2].map((part) => ({
          tradeId: partIdOf(exit.trade.tradeId, part),
          amountIn: units(HOLDING / 2n),
        }));
        expect(await stores.exits.replace(replacement(exit, { parts }))).toBe(true);
        const [first = "", second = ""] = parts.map(({ tradeId }) => tradeId);
        // The one that is latched last comes first; it takes all, as if the rest had been written off.
        const sent = await signed(await find(first));
        expect(await land(sent, fill({ amountIn: units(HOLDING), amountOut: units(1_000_000) }))).toBe(true);
        const { position } = await find(first);
        expect(await stores.fills.finalize(lastOf(sent).attemptId, position, units(0), [], later(15))).toBe(true);
        const waiting = await find(second);
        expect([waiting.trade.status, waiting.position.status]).toEqual(["planned", "closing"]);
        expect(await stores.exits.replace(replacement(waiting, { parts: [] }))).toBe(true);
        const over = await find(second);
        expect([over.trade.status, over.position.status]).toEqual(["superseded", "closed"]);
      });

      /** What a position in the books is held for, and what is planned to leave it. */
      const isConsistent = async ({ trade }: TradeRecord): Promise<void> => {
        const exits = await stores.trades.findMany([
          trade.tradeId,
          partIdOf(trade.tradeId, 1),
          partIdOf(trade.tradeId, 2),
        ]);
        const meant = exits
          .filter((each) => each.trade.status === "planned" || each.trade.status === "submitted")
          .reduce((sum, each) => sum + each.trade.amountIn, 0n);
        expect(exits[0]?.position.exiting).toBe(meant);
      };

      test("by halves is superseded, and they are planned in its place, where it was on the ladder", async () => {
        const exit = await closing();
        expect(await stores.exits.replace(replacement(exit, { events: [alarm(exit)] }))).toBe(true);
        expect((await again(exit)).trade).toMatchObject({ status: "superseded", supersededAt: later(5) });
        const { plannedAt } = (await find(partIdOf(exit.trade.tradeId, 1))).trade;
        expect(plannedAt).toEqual(new Date(later(5).getTime() + 1)); // it goes first
        const { trade, position } = await find(partIdOf(exit.trade.tradeId, 2));
        expect(trade).toMatchObject({
          status: "planned",
          kind: "exit",
          side: "sell",
          amountIn: HOLDING / 2n,
          inputMint: SOL_USDC.baseMint,
          outputMint: SOL_USDC.quoteMint,
          replaces: exit.trade.tradeId,
          triesBefore: 7,
          setbacks: { count: 0, last: null, retryAt: null },
          turnUntil: null,
          plannedAt: later(5),
        });
        expect(position).toMatchObject({ status: "closing", exiting: HOLDING, closeReason: "trailing_stop" });
        expect((await eventsOf(position.positionId)).at(-1)?.name).toBe("alarm_raised");
        await isConsistent(exit);
      });

      test("is replaced once, whoever comes at once", async () => {
        const exit = await closing();
        const replaced = await Promise.all([1, 2, 3, 4, 5].map(() => stores.exits.replace(replacement(exit))));
        expect(replaced.filter(Boolean)).toHaveLength(1);
        // Nor by whoever sees those that took its place.
        const parts = [{ tradeId: unique("trd"), amountIn: exit.trade.amountIn }];
        expect(await stores.exits.replace(replacement(await again(exit), { parts, otherExits: true }))).toBe(false);
        await isConsistent(exit);
      });

      test("by halves closes its position with the second of them", async () => {
        const exit = await closing();
        await stores.exits.replace(replacement(exit));
        const leave = async (part: number) => {
          const sent = await signed(await find(partIdOf(exit.trade.tradeId, part)));
          await land(sent, fill({ amountIn: units(HOLDING / 2n), amountOut: units(49_000_000) }));
          const landed = await again(sent);
          expect(await stores.fills.finalize(lastOf(sent).attemptId, landed.position, units(0), [], later(15))).toBe(
            true,
          );
          return (await again(sent)).position.status;
        };
        expect(await leave(1)).toBe("closing");
        expect(await leave(2)).toBe("closed");
      });

      test("by a smaller one books the rest as missing, and that closes the position with it", async () => {
        const exit = await closing();
        const parts = [{ tradeId: partIdOf(exit.trade.tradeId, 1), amountIn: units(660_000_000) }];
        expect(await stores.exits.replace(replacement(exit, { parts, missing: units(6_000_000) }))).toBe(true);
        const cut = await find(partIdOf(exit.trade.tradeId, 1));
        expect(cut.position).toMatchObject({
          status: "closing",
          exiting: 660_000_000n,
          totals: { missing: 6_000_000n },
        });
        const sent = await signed(cut);
        await land(sent, fill({ amountIn: units(660_000_000), amountOut: units(97_000_000) }));
        const { position } = await again(sent);
        await stores.fills.finalize(lastOf(sent).attemptId, position, units(0), [], later(15));
        expect((await again(sent)).position).toMatchObject({ status: "closed", totals: { missing: 6_000_000n } });
      });

      test("by nothing leaves its dust, and closes the position", async () => {
        const exit = await closing();
        expect(await stores.exits.replace(replacement(exit, { parts: [], dust: units(HOLDING) }))).toBe(true);
        expect((await again(exit)).position).toMatchObject({
          status: "closed",
          closedAt: later(5),
          exiting: 0n,
          totals: { dust: HOLDING, exitIn: 0n },
        });
      });

      test("by nothing closes no position that another exit still leaves", async () => {
        const entry = await opened();
        const part = await close(entry, 166_000_000n, HOLDING);
        const rest = await close(entry, 500_000_000n, 500_000_000n);
        const sent = await signed(rest);
        await land(sent, fill({ amountIn: units(500_000_000), amountOut: units(73_000_000) }));
        const seen = await again(part);
        const dust = { parts: [], dust: units(166_000_000) };
        expect(await stores.exits.replace(replacement(seen, { ...dust, otherExits: false }))).toBe(false);
        expect(await stores.exits.replace(replacement(seen, { ...dust, otherExits: true }))).toBe(true);
        const { position } = await again(part);
        expect(position).toMatchObject({ status: "closing", exiting: 0n, totals: { dust: 166_000_000n } });
        await stores.fills.finalize(lastOf(sent).attemptId, position, units(0), [], later(15));
        expect((await again(part)).position.status).toBe("closed");
      });

      test("is not replaced by who has not seen its last attempt, or while that may land", async () => {
        const exit = await closing();
        await signed(exit);
        expect(await stores.exits.replace(replacement(exit))).toBe(false);
        expect(await stores.exits.replace(replacement(await again(exit)))).toBe(false);
        const { attemptId } = lastOf(await again(exit));
        await stores.attempts.expire(attemptId, later(60));
        expect(await stores.exits.replace(replacement(exit))).toBe(false);
        expect(await stores.exits.replace(replacement(await again(exit)))).toBe(true);
        // What was proven dead and replaced is followed by no attempt of its own.
        expect(await draft(await again(exit))).toBe(false);
      });

      test("either is replaced or gets its next attempt when both come at once", async () => {
        const exit = await closing();
        const [replaced, made] = await Promise.all([stores.exits.replace(replacement(exit)), draft(exit)]);
        expect([replaced, made].filter(Boolean)).toHaveLength(1);
        await isConsistent(exit);
      });

      test("names what it has seen held and exiting: what was booked meanwhile makes it look again", async () => {
        const entry = await opened();
        const part = await close(entry, 166_000_000n, HOLDING);
        await close(entry, 500_000_000n, 500_000_000n);
        expect(await stores.exits.replace(replacement(part, { otherExits: true }))).toBe(false);
        const seen = await again(part);
        expect(await stores.exits.replace(replacement(seen, { otherExits: true, held: units(1) }))).toBe(false);
        expect(await stores.exits.replace(replacement(seen, { otherExits: false }))).toBe(false);
        expect(await stores.exits.replace(replacement(seen, { otherExits: true }))).toBe(true);
      });

      test("by one whose name is taken changes nothing", async () => {
        const [exit, other] = [await closing(), await closing()];
        const parts = [{ tradeId: other.trade.tradeId, amountIn: exit.trade.amountIn }];
        await expect(stores.exits.replace(replacement(exit, { parts }))).rejects.toThrow();
        expect(await again(exit)).toEqual(exit);
        expect(await again(other)).toEqual(other);
      });

      test("never was an entry", async () => {
        expect(await stores.exits.replace(replacement(await planned()))).toBe(false);
      });
    });
  });
}
