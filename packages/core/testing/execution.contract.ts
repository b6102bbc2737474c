/**
 * What every implementation of the stores must do for bringing trades on their way: turns, setbacks, exits and what takes their
 * place, and funds.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { NewEvent } from "../src/event/event.ts";
import { MARKET_SEED } from "../src/market/market.ts";
import { held } from "../src/position/position.ts";
import type { Replacement } from "../src/trade/exit.store.ts";
import type { EntryPlan, TradeRecord } from "../src/trade/trade.store.ts";
import { partIdOf } from "../src/trade/trade.ts";
import type { Postponement } from "../src/trade/turn.store.ts";
import { AT, fill, SOL_USDC, units } from "./given.ts";
import { givenIn, later, next, type Stores, unique } from "./stores.given.ts";

/** What an opened position holds. */
const HOLDING = 666_000_000n;

const REFUSAL = { error: "it would fail", cause: "route" } as const;

export function executionContract(name: string, open: () => Promise<Stores>): void {
  describe(`execution, ${name}`, () => {
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
      closing,
      eventsOf,
    } = givenIn(() => stores);

    const again = ({ trade }: TradeRecord): Promise<TradeRecord> => find(trade.tradeId);

    const alarm = ({ trade }: TradeRecord): NewEvent => ({
      name: "alarm_raised",
      payload: {
        positionId: trade.positionId,
        symbol: trade.symbol,
        tradeId: trade.tradeId,
        code: "EXIT_DELAYED",
        message: "it takes long",
      },
    });

    const postponement = (record: TradeRecord, over: Partial<Postponement> = {}): Postponement => ({
      tradeId: record.trade.tradeId,
      attempts: record.attempts.length,
      setbacks: record.trade.setbacks.count,
      failure: { code: "RATE_LIMITED", message: "the plan's calls are used up" },
      retryAt: later(4),
      events: [],
      at: AT,
      ...over,
    });

    /** An exit of a part, or of all that is left, for a person. */
    const close = async ({ position }: TradeRecord, amountIn: bigint, seen: bigint): Promise<TradeRecord> => {
      const tradeId = unique("trd");
      const { accountId, positionId } = position;
      const amounts = { amountIn: units(amountIn), seen: units(seen) };
      const closed = { accountId, positionId, tradeId, ...amounts, key: null, events: [], at: next() };
      expect(await stores.positions.planClose(closed)).toBe(true);
      return find(tradeId);
    };

    describe("a turn", () => {
      test("is taken once when ten come at once", async () => {
        const { trade } = await planned();
        const turns = await Promise.all(Array.from({ length: 10 }, () => stores.turns.take(trade, 0, later(18))));
        expect(turns.filter(Boolean)).toHaveLength(1);
        expect((await find(trade.tradeId)).trade.turnUntil).toEqual(later(18));
      });

      test("of somebody who died may be taken when it was seen, and by one only", async () => {
        const record = await planned();
        await stores.turns.take(record.trade, 0, later(18));
        const { trade } = await again(record);
        const turns = await Promise.all([
          stores.turns.take(trade, 0, later(40)),
          stores.turns.take(trade, 0, later(41)),
        ]);
        expect(turns.filter(Boolean)).toHaveLength(1);
        expect(await stores.turns.take(record.trade, 0, later(42))).toBe(false);
      });

      test("is not taken by who has not seen the last attempt, nor of a trade that is over", async () => {
        const record = await drafted(await planned());
        expect(await stores.turns.take(record.trade, 0, later(18))).toBe(false);
        expect(await stores.turns.take(record.trade, 1, later(18))).toBe(true);
        const over = await planned();
        await failEntry(over.trade.tradeId, 0);
        expect(await stores.turns.take(over.trade, 0, later(18))).toBe(false);
      });

      test("is given back by whoever has it, and by nobody else", async () => {
        const record = await planned();
        await stores.turns.take(record.trade, 0, later(18));
        await stores.turns.release(record.trade.tradeId, later(17));
        expect((await again(record)).trade.turnUntil).toEqual(later(18));
        await stores.turns.release(record.trade.tradeId, later(18));
        expect((await again(record)).trade.turnUntil).toBeNull();
      });
    });

    describe("a setback", () => {
      test("is noted with its reason and its pause, ends the turn, and is told", async () => {
        const record = await closing();
        await stores.turns.take(record.trade, 0, later(18));
        expect(await stores.turns.postpone(postponement(record, { events: [alarm(record)] }))).toBe(true);
        expect((await again(record)).trade).toMatchObject({
          turnUntil: null,
          setbacks: { count: 1, last: { code: "RATE_LIMITED" }, retryAt: later(4) },
        });
        const names = (await eventsOf(record.trade.positionId)).map((event) => event.name);
        expect(names.at(-1)).toBe("alarm_raised");
      });

      test("is noted once, whoever comes twice", async () => {
        const record = await closing();
        const events = [alarm(record)];
        const before = (await eventsOf(record.trade.positionId)).length;
        const noted = await Promise.all([1, 2, 3].map(() => stores.turns.postpone(postponement(record, { events }))));
        expect(noted.filter(Boolean)).toHaveLength(1);
        expect((await again(record)).trade.setbacks.count).toBe(1);
        expect(await eventsOf(record.trade.positionId)).toHaveLength(before + 1);
      });

      test("is not noted by who has not seen the last attempt", async () => {
        const record = await planned();
        await drafted(record);
        expect(await stores.turns.postpone(postponement(record))).toBe(false);
        expect((await again(record)).trade.setbacks).toEqual({ count: 0, last: null, retryAt: null });
      });

      test("is over when an attempt is drafted, and stays when one is refused", async () => {
        const record = await planned();
        await stores.turns.postpone(postponement(record));
        expect(await stores.attempts.refuse(draftOf(record), REFUSAL)).toBe(true);
        const refused = await again(record);
        expect(refused.trade.setbacks).toMatchObject({ count: 1, last: { code: "RATE_LIMITED" }, retryAt: null });
        await stores.turns.take(refused.trade, 1, later(18));
        expect((await drafted(refused)).trade).toMatchObject({
          turnUntil: null,
          setbacks: { count: 0, last: null, retryAt: null },
        });
      });

      test("keeps nobody from the next attempt once the last one is dead", async () => {
        const expired = await signed(await planned());
        await stores.turns.postpone(postponement(expired));
        await stores.attempts.expire(lastOf(expired).attemptId, later(60));
        expect((await again(expired)).trade.setbacks.retryAt).toBeNull();

        const failed = await signed(await planned());
        await stores.turns.postpone(postponement(failed));
        const cause = { error: "6001", cause: "slippage", feeLamports: units(6_000) } as const;
        await stores.attempts.fail(lastOf(failed).attemptId, cause, null, later(60));
        expect((await again(failed)).trade.setbacks.retryAt).toBeNull();
      });
    });

    describe("an attempt that is refused", () => {
      test("is recorded with its reason, never signed, and followed", async () => {
        const record = await planned();
        expect(await stores.attempts.refuse(draftOf(record), REFUSAL)).toBe(true);
        const refused = await again(record);
        expect(lastOf(refused)).toMatchObject({ number: 1, status: "abandoned", refusal: REFUSAL });
        expect(await stores.attempts.sign(lastOf(refused).attemptId, unique("sig"), AT)).toBe(false);
        expect(lastOf(await drafted(refused))).toMatchObject({ number: 2, follows: lastOf(refused).attemptId });
      });

      test("is recorded once, beside no other one", async () => {
        const record = await planned();
        const recorded = await Promise.all([
          stores.attempts.refuse(draftOf(record), REFUSAL),
          stores.attempts.refuse(draftOf(record), REFUSAL),
          draft(record),
        ]);
        expect(recorded.filter(Boolean)).toHaveLength(1);
        const live = await signed(await planned());
        expect(await stores.attempts.refuse(draftOf(live), REFUSAL)).toBe(false);
      });
    });

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

      test("makes one that was latched before another wait for it, unless that one is kept waiting itself", async () => {
        const entry = await opened();
        const part = await close(entry, 166_000_000n, HOLDING);
        const rest = await close(entry, 500_000_000n, 500_000_000n);
        const waits = async ({ trade }: TradeRecord) => (await stores.exits.surroundings(trade)).waits;
        expect([await waits(part), await waits(rest)]).toEqual([true, false]);
        expect(await draft(part)).toBe(false);
        await stores.turns.postpone(postponement(rest));
        expect([await waits(part), await waits(rest)]).toEqual([false, false]);
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
        expect(await stores.exits.replace(replacement(exit))).toBe(false);
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

    describe("the funds of an entry", () => {
      const poor = (balance: number, over: Partial<EntryPlan> = {}): Partial<EntryPlan> => ({
        funds: { balance: units(balance), at: AT },
        maxPositionsPerSymbol: 100,
        ...over,
      });
      /** Each of 100 USDC. */
      const outcome = async (accountId: string, over: Partial<EntryPlan>) =>
        stores.trades.planEntry(plan(accountId, over));

      test("are never planned twice, when twenty come at once for what is enough for seven", async () => {
        const accountId = await newAccount();
        const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome(accountId, poor(799_999_999))));
        expect(outcomes.filter((each) => each.outcome === "planned")).toHaveLength(7);
        expect(new Set(outcomes.map((each) => each.outcome))).toEqual(new Set(["planned", "no_funds"]));
        expect(outcomes.find((each) => each.outcome === "no_funds")).toMatchObject({ free: 99_999_999n });
      });

      test("are those of the account and of the mint", async () => {
        const accountId = await newAccount();
        expect(await outcome(accountId, poor(100_000_000))).toEqual({ outcome: "planned" });
        expect(await outcome(accountId, poor(199_999_999))).toEqual({ outcome: "no_funds", free: 99_999_999n });
        expect(await outcome(await newAccount(), poor(100_000_000))).toEqual({ outcome: "planned" });
        const mints = { inputMint: SOL_USDC.baseMint, outputMint: SOL_USDC.quoteMint };
        expect(await outcome(accountId, poor(100_000_000, { side: "sell", ...mints }))).toEqual({ outcome: "planned" });
      });

      test("come back when an entry fails", async () => {
        const accountId = await newAccount();
        const first = await planned({ accountId, ...poor(100_000_000) });
        expect((await outcome(accountId, poor(100_000_000))).outcome).toBe("no_funds");
        await failEntry(first.trade.tradeId, 0);
        expect((await outcome(accountId, poor(100_000_000))).outcome).toBe("planned");
      });

      /** Asked before an entry of 100 was confirmed, or after. */
      test("are counted as spent by an entry that was booked after the wallet was asked", async () => {
        const accountId = await newAccount();
        await opened({ accountId });
        const asked = (at: Date, balance: number) =>
          outcome(accountId, poor(balance, { funds: { balance: units(balance), at } }));
        expect(await asked(AT, 199_999_999)).toEqual({ outcome: "no_funds", free: 99_999_999n });
        expect(await asked(later(60), 100_000_000)).toEqual({ outcome: "planned" });
      });

      test("are counted as spent by an exit that was booked after the wallet was asked", async () => {
        const accountId = await newAccount();
        const exit = await signed(await close(await opened({ accountId }), HOLDING, HOLDING));
        await land(exit, fill({ amountIn: units(HOLDING), amountOut: units(98_000_000) }));
        const mints = { inputMint: SOL_USDC.baseMint, outputMint: SOL_USDC.quoteMint };
        const selling = (at: Date) =>
          outcome(accountId, { ...poor(0, { side: "sell", ...mints }), funds: { balance: units(HOLDING), at } });
        expect((await selling(AT)).outcome).toBe("no_funds");
        expect((await selling(later(60))).outcome).toBe("planned");
      });

      test("are not what a sell has brought, which is kept for buying back", async () => {
        const accountId = await newAccount();
        const mints = { inputMint: SOL_USDC.baseMint, outputMint: SOL_USDC.quoteMint };
        const record = await signed(await planned({ accountId, side: "sell", ...mints }));
        const at = later(60);
        const buying = () => outcome(accountId, poor(0, { funds: { balance: units(100_000_000), at } }));
        // On its way it may have brought what it was quoted: 665 USDC.
        expect(await buying()).toEqual({ outcome: "no_funds", free: -565_000_000n });
        await land(record, fill({ amountIn: units(100_000_000), amountOut: units(15_000_000) }));
        expect(await buying()).toEqual({ outcome: "no_funds", free: 85_000_000n });
      });
    });
  });
}
