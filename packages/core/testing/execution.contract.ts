/** What every implementation of the stores must do for bringing trades on their way: turns, setbacks, refusals, and funds. */
import { beforeAll, describe, expect, test } from "vitest";
import type { NewEvent } from "../src/event/event.ts";
import { MARKET_SEED } from "../src/market/market.ts";
import type { EntryPlan } from "../src/trade/trade.store.ts";
import { AT, fill, SOL_USDC, units } from "./given.ts";
import { givenIn, HOLDING, later, type Stores, unique } from "./stores.given.ts";

const SELLING = { inputMint: SOL_USDC.baseMint, outputMint: SOL_USDC.quoteMint };

const JUP = MARKET_SEED.find(({ symbol }) => symbol === "JUP/USDC")?.baseMint ?? SOL_USDC.baseMint;

const REFUSAL = { error: "it would fail", cause: "route" } as const;
const FAILURE = { error: "6001", cause: "slippage", feeLamports: units(6_000) } as const;

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
      closing,
      eventsOf,
      again,
      alarm,
      postponement,
      close,
    } = givenIn(() => stores);

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

      test("keeps nobody waiting once an attempt is made, and is over when one lands, not before", async () => {
        const record = await planned();
        await stores.turns.postpone(postponement(record));
        await stores.turns.take((await again(record)).trade, 0, later(18));
        expect(await stores.attempts.refuse(draftOf(record), REFUSAL)).toBe(true);
        const refused = await again(record);
        const noted = { count: 1, last: { code: "RATE_LIMITED" }, retryAt: null };
        expect(refused.trade).toMatchObject({ turnUntil: null, setbacks: noted });

        await stores.turns.take(refused.trade, 1, later(18));
        const made = await signed(refused);
        expect(made.trade).toMatchObject({ status: "submitted", turnUntil: null, setbacks: noted });
        expect(await land(made, fill())).toBe(true);
        const none = { count: 0, last: null, retryAt: null };
        expect((await again(record)).trade.setbacks).toEqual(none);
        expect(await stores.fills.fork(lastOf(made).attemptId, "open", [], later(2))).toBe(true);
        expect((await again(record)).trade).toMatchObject({ status: "submitted", setbacks: none });
      });

      const dying = [
        [
          "expires",
          "it did not land while it could",
          (attemptId: string, events: readonly NewEvent[] = []) => stores.attempts.expire(attemptId, later(60), events),
        ],
        [
          "fails",
          "6001",
          (attemptId: string, events: readonly NewEvent[] = []) =>
            stores.attempts.fail(attemptId, FAILURE, units(900), later(60), events),
        ],
      ] as const;

      test.each(dying)("is one more when an attempt %s, once, whoever comes twice", async (_word, message, die) => {
        const record = await planned();
        await stores.turns.postpone(postponement(record));
        const sent = await signed(await again(record));
        const { attemptId } = lastOf(sent);
        const died = await Promise.all([die(attemptId), die(attemptId), die(attemptId)]);
        expect(died.filter(Boolean)).toHaveLength(1);
        const last = { code: "TRANSACTION_FAILED", message };
        expect((await again(record)).trade.setbacks).toEqual({ count: 2, last, retryAt: null });
      });

      test.each(dying)("is told when an attempt %s, once, and in its place", async (_word, _message, die) => {
        const sent = await signed(await closing());
        const { positionId } = sent.trade;
        const before = await eventsOf(positionId);
        expect(await die(lastOf(sent).attemptId, [alarm(sent), alarm(sent)])).toBe(true);
        expect(await die(lastOf(sent).attemptId, [alarm(sent)])).toBe(false);
        const after = await eventsOf(positionId);
        expect(after.slice(before.length).map((event) => event.name)).toEqual(["alarm_raised", "alarm_raised"]);
        expect(after.map((event) => event.positionSequence)).toEqual(after.map((_event, index) => index + 1));
      });

      test("is no one more when what was taken for dead has failed, though its fee is paid", async () => {
        const record = await signed(await planned());
        const { attemptId } = lastOf(record);
        await stores.attempts.expire(attemptId, later(60));
        expect(await stores.attempts.fail(attemptId, FAILURE, units(900), later(90))).toBe(true);
        const { trade, position } = await again(record);
        expect(trade.setbacks).toMatchObject({ count: 1, last: { message: "it did not land while it could" } });
        expect(position.totals).toMatchObject({ feesLamports: 6_000n, feesQuote: 900n });
      });

      test("keeps nobody from the next attempt once the last one is dead", async () => {
        const expired = await signed(await planned());
        await stores.turns.postpone(postponement(expired));
        await stores.attempts.expire(lastOf(expired).attemptId, later(60));
        expect((await again(expired)).trade.setbacks.retryAt).toBeNull();

        const failed = await signed(await planned());
        await stores.turns.postpone(postponement(failed));
        await stores.attempts.fail(lastOf(failed).attemptId, FAILURE, null, later(60));
        expect((await again(failed)).trade.setbacks.retryAt).toBeNull();
      });
    });

    describe("an attempt that is refused", () => {
      test("is recorded with its reason and without its message, never signed, and followed", async () => {
        const record = await planned();
        expect(await stores.attempts.refuse(draftOf(record), REFUSAL)).toBe(true);
        const refused = await again(record);
        expect(lastOf(refused)).toMatchObject({ number: 1, status: "abandoned", message: "", refusal: REFUSAL });
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
        expect(await outcome(accountId, poor(100_000_000, { side: "sell", ...SELLING }))).toEqual({
          outcome: "planned",
        });
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
        // In the moment in which it was confirmed, too.
        expect(await asked(later(1), 199_999_999)).toEqual({ outcome: "no_funds", free: 99_999_999n });
        expect(await asked(later(60), 100_000_000)).toEqual({ outcome: "planned" });
      });

      test("are counted as spent by an exit that was booked after the wallet was asked", async () => {
        const accountId = await newAccount();
        const exit = await signed(await close(await opened({ accountId }), HOLDING, HOLDING));
        await land(exit, fill({ amountIn: units(HOLDING), amountOut: units(98_000_000) }));
        const selling = (at: Date) =>
          outcome(accountId, { ...poor(0, { side: "sell", ...SELLING }), funds: { balance: units(HOLDING), at } });
        expect((await selling(later(60))).outcome).toBe("no_funds"); // until it is final
        const { attempts, position } = await find(exit.trade.tradeId);
        await stores.fills.finalize(attempts.at(-1)?.attemptId ?? "", position, units(0), [], later(30));
        expect((await selling(AT)).outcome).toBe("no_funds");
        expect((await selling(later(60))).outcome).toBe("planned");
      });

      test("are none in a mint that is frozen, whether it would be spent or brought, until that is over", async () => {
        const { position } = await opened();
        const { accountId, positionId } = position;
        const look = (slot: bigint) => ({ accountId, mint: SOL_USDC.baseMint, slot, at: later(3) });
        await stores.shortages.sight(look(2_000n), units(1));
        expect(await outcome(accountId, {})).toEqual({ outcome: "planned" });
        const sighting = (await stores.shortages.sighting(accountId, SOL_USDC.baseMint)) ?? expect.unreachable();
        expect(await stores.shortages.freeze({ ...look(2_100n), sighting, positionId, events: [] })).toBe(true);

        const frozen = { outcome: "frozen", mint: SOL_USDC.baseMint };
        expect(await outcome(accountId, {})).toEqual(frozen);
        expect(await outcome(accountId, { side: "sell", ...SELLING })).toEqual(frozen);
        expect(await outcome(accountId, { symbol: "JUP/USDC", outputMint: JUP })).toEqual({ outcome: "planned" });
        expect(await outcome(await newAccount(), {})).toEqual({ outcome: "planned" });
        await stores.shortages.agree(look(2_200n));
        expect(await outcome(accountId, {})).toEqual({ outcome: "planned" });
      });

      test("are not what a sell has brought, which is kept for buying back", async () => {
        const accountId = await newAccount();
        const sell = await planned({ accountId, side: "sell", ...SELLING });
        const at = later(60);
        const buying = () => outcome(accountId, poor(0, { funds: { balance: units(100_000_000), at } }));
        // A draft brings nothing; on its way it may have brought what it was quoted, 665 USDC, or more, but not twice as much.
        const committed = () => stores.positions.committed(accountId, SOL_USDC.quoteMint, at);
        const record = await drafted(sell);
        expect(await committed()).toMatchObject({ amount: 0n });
        const { attemptId } = lastOf(record);
        expect(await stores.attempts.sign(attemptId, unique("sig"), AT)).toBe(true);
        await stores.trades.submit(attemptId, [], AT);
        expect(await buying()).toEqual({ outcome: "no_funds", free: -1_230_000_000n });
        await land(record, fill({ amountIn: units(100_000_000), amountOut: units(15_000_000) }));
        expect(await buying()).toEqual({ outcome: "no_funds", free: 85_000_000n });
      });
    });
  });
}
