/**
 * What every implementation of the stores must do when an entry is forked away under its exits, or an exit takes more than its
 * position holds: nothing is taken back that exits have taken from, nothing more leaves what is in doubt, and nothing ends
 * before all of it is final.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { alarmRaised } from "../src/event/alarm.ts";
import type { NewEvent } from "../src/event/event.ts";
import { MARKET_SEED, type Side } from "../src/market/market.ts";
import { held, type Position } from "../src/position/position.ts";
import { armedStop } from "../src/stop/stop.store.ts";
import type { Fill } from "../src/trade/attempt.ts";
import type { Correction, LandingBeyond, LostEntry } from "../src/trade/fill.store.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { partIdOf } from "../src/trade/trade.ts";
import { AT, fill, SOL_USDC, units } from "./given.ts";
import { givenIn, HOLDING, later, type Stores, unique } from "./stores.given.ts";

const PART = 166_000_000n;
const REST = HOLDING - PART;

const FAILURE = { code: "TRANSACTION_FAILED", message: "its block was forked away" };
const ERROR = { error: "6001", cause: "slippage", feeLamports: units(7_000) } as const;

const SELLING = { inputMint: SOL_USDC.baseMint, outputMint: SOL_USDC.quoteMint };

export function forksContract(name: string, open: () => Promise<Stores>): void {
  describe(`forks, ${name}`, () => {
    let stores: Stores;

    beforeAll(async () => {
      stores = await open();
      await stores.markets.seed(MARKET_SEED);
    });

    const given = givenIn(() => stores);
    const { plan, find, draft, drafted, lastOf, signed, land, opened, firedOf, entryFinal, eventsOf, again } = given;

    const attemptOf = (record: TradeRecord): string => lastOf(record).attemptId;
    const positionOf = async (record: TradeRecord): Promise<Position> => (await again(record)).position;

    /** The entry is confirmed, and is not final. */
    const entered = (side: Side = "buy"): Promise<TradeRecord> => opened(side === "buy" ? {} : { side, ...SELLING });

    /** Its stop has fired: the exit of all that is left is planned. */
    const fired = async (entry: TradeRecord): Promise<TradeRecord> => {
      const hit = firedOf(await again(entry));
      expect((await stores.stops.claim([hit], later(2)))[0]?.claimed).toBe(true);
      return find(hit.exitTradeId);
    };
    /** A person closes a part of it, and the entry is as final as it was. */
    const closed = async (entry: TradeRecord, amountIn = PART): Promise<TradeRecord> => {
      const { position } = await again(entry);
      const tradeId = unique("trd");
      const { accountId, positionId } = position;
      const seen = units(held(position.totals) - position.exiting);
      const amounts = { seen, amountIn: units(amountIn) };
      const told = { key: null, events: [], at: later(2) };
      expect(await stores.positions.planClose({ accountId, positionId, tradeId, ...amounts, ...told })).toBe(true);
      return find(tradeId);
    };
    const sold = (amountIn: bigint, over: Partial<Fill> = {}): Fill =>
      fill({ amountIn: units(amountIn), amountOut: units(amountIn / 7n), ...over });
    const landed = async (exit: TradeRecord, moved = sold(exit.trade.amountIn)): Promise<TradeRecord> => {
      expect(await land(exit, moved)).toBe(true);
      return again(exit);
    };
    const ending: NewEvent = {
      name: "position_updated",
      payload: { positionId: 1, symbol: "SOL/USDC", status: "ended", quantity: "0" },
    };
    const finalized = async (record: TradeRecord, dust = 0n, seen?: Position): Promise<boolean> =>
      stores.fills.finalize(attemptOf(record), seen ?? (await positionOf(record)), units(dust), [ending], later(15));
    const final = async (exit: TradeRecord): Promise<TradeRecord> => {
      expect(await finalized(exit)).toBe(true);
      return again(exit);
    };
    const fork = async (entry: TradeRecord): Promise<boolean> =>
      stores.fills.fork(attemptOf(entry), (await positionOf(entry)).status, [], later(20));
    const standing = async (record: TradeRecord): Promise<Correction> => ({
      position: await positionOf(record),
      exits: null,
      events: [],
      at: later(21),
    });
    const doubt = (entry: TradeRecord): Promise<boolean> => stores.fills.doubt(attemptOf(entry));
    const loss = async (entry: TradeRecord, over: Partial<LostEntry> = {}): Promise<LostEntry> => ({
      attemptId: attemptOf(entry),
      position: await positionOf(entry),
      error: null,
      feeQuote: null,
      failure: FAILURE,
      events: [
        { name: "trade_failed", payload: { ...refOf(entry), kind: "entry", side: "buy", ...FAILURE } },
        alarmRaised(entry.trade, "EXIT_WITHOUT_ENTRY", "1 base unit"),
      ],
      at: later(90),
      ...over,
    });
    const lose = async (entry: TradeRecord, over: Partial<LostEntry> = {}): Promise<boolean> =>
      stores.fills.lose(await loss(entry, over));
    const namesOf = async ({ position }: TradeRecord) =>
      (await eventsOf(position.positionId)).map((event) =>
        event.name === "position_updated" ? event.payload.status : event.name,
      );
    const isSequence = async ({ position }: TradeRecord): Promise<void> => {
      const events = await eventsOf(position.positionId);
      expect(events.map((event) => event.positionSequence)).toEqual(events.map((_event, index) => index + 1));
    };

    /** The exits of an entry that is landed: what each may have come to. */
    const EXITS = {
      planned: fired,
      drafted: async (entry: TradeRecord) => drafted(await fired(entry)),
      live: async (entry: TradeRecord) => signed(await fired(entry)),
      landed: async (entry: TradeRecord) => landed(await signed(await fired(entry))),
      "landed in part": async (entry: TradeRecord) => landed(await signed(await closed(entry))),
      final: async (entry: TradeRecord) => final(await landed(await signed(await fired(entry)))),
      "final in part": async (entry: TradeRecord) => final(await landed(await signed(await closed(entry)))),
      expired: async (entry: TradeRecord) => {
        const exit = await signed(await fired(entry));
        expect(await stores.attempts.expire(attemptOf(exit), later(60))).toBe(true);
        return again(exit);
      },
      errored: async (entry: TradeRecord) => {
        const exit = await signed(await fired(entry));
        expect(await stores.attempts.fail(attemptOf(exit), ERROR, units(900), later(15))).toBe(true);
        return again(exit);
      },
    } satisfies Record<string, (entry: TradeRecord) => Promise<TradeRecord>>;
    type Exit = keyof typeof EXITS;

    describe("an entry that is forked away", () => {
      const harmless: readonly Exit[] = ["planned", "drafted", "expired", "errored"];

      test.each(harmless)("is taken back under an exit that is %s, of which nothing is signed then", async (status) => {
        const entry = await entered();
        const exit = await EXITS[status](entry);
        expect(await fork(entry)).toBe(true);
        const { trade, position, attempts } = await again(entry);
        expect([trade.status, attempts[0]?.status, position.status]).toEqual(["submitted", "live", "closing"]);
        expect(position).toMatchObject({ inDoubt: false, totals: { entryIn: 0n, entryOut: 0n }, exiting: HOLDING });
        if (status === "drafted") expect(await stores.attempts.sign(attemptOf(exit), unique("sig"), AT)).toBe(false);
        else expect(await draft(exit)).toBe(false);
      });

      const taking: readonly Exit[] = ["live", "landed", "landed in part", "final", "final in part"];

      test.each(taking)("is not taken back under an exit that is %s", async (status) => {
        const entry = await entered();
        await EXITS[status](entry);
        const before = await again(entry);
        expect(await fork(entry)).toBe(false);
        expect(await again(entry)).toEqual(before);
      });

      test("is taken back once such an exit is dead", async () => {
        const entry = await entered();
        const exit = await EXITS.landed(entry);
        expect(await stores.fills.fork(attemptOf(exit), "closing", [], later(20))).toBe(true);
        expect(await fork(entry)).toBe(false);
        await stores.attempts.expire(attemptOf(exit), later(60));
        expect(await fork(entry)).toBe(true);
        expect((await positionOf(entry)).totals).toMatchObject({ entryOut: 0n, exitIn: 0n });
      });

      test("and the signature of its exit: one of them comes too late, whoever is first", async () => {
        for (const order of [0, 1, 2, 3, 4, 5]) {
          const entry = await entered();
          const exit = await EXITS.drafted(entry);
          const both = [
            () => stores.attempts.sign(attemptOf(exit), unique("sig"), AT),
            () => stores.fills.fork(attemptOf(entry), "closing", [], later(20)),
          ];
          if (order % 2 === 1) both.reverse();
          const done = await Promise.all(both.map((each) => each()));
          expect(done.filter(Boolean)).toHaveLength(1);
          const { position } = await again(entry);
          expect(lastOf(await again(exit)).status === "live").toBe(position.totals.entryOut > 0n);
        }
      });
    });

    describe("a position in doubt", () => {
      test("is in doubt once, by an entry that is landed", async () => {
        const entry = await entered();
        expect(await Promise.all([doubt(entry), doubt(entry)])).toEqual(expect.arrayContaining([true, false]));
        expect((await positionOf(entry)).inDoubt).toBe(true);
        const exit = await EXITS.landed(await entered());
        expect(await doubt(exit)).toBe(false);
        const done = await entered();
        await entryFinal(done);
        expect(await doubt(done)).toBe(false);
        expect((await positionOf(done)).inDoubt).toBe(false);
      });

      test("lets nothing more leave: no exit of it is drafted, and none is signed", async () => {
        const entry = await entered();
        await EXITS["final in part"](entry);
        expect((await positionOf(entry)).status).toBe("open");
        expect(await doubt(entry)).toBe(true);
        const rest = await fired(entry);
        expect(await draft(rest)).toBe(false);

        const other = await entered();
        const exit = await EXITS.drafted(other);
        expect(await doubt(other)).toBe(true);
        expect(await stores.attempts.sign(attemptOf(exit), unique("sig"), AT)).toBe(false);
      });

      test("lets what is signed land, and everything of it go on, when the entry is there again", async () => {
        const entry = await entered();
        const part = await signed(await closed(entry));
        await doubt(entry);
        await final(await landed(part));
        const rest = await fired(entry);
        expect(await draft(rest)).toBe(false);
        const there = fill({ amountIn: units(100_000_000), amountOut: units(HOLDING + 5n), slot: 1_007n });
        expect(await stores.fills.move(attemptOf(entry), there, units(800), await standing(entry))).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ inDoubt: false, totals: { entryOut: HOLDING + 5n } });
        expect(await draft(rest)).toBe(true);
      });

      test("is that no more when its entry is final, and goes on being that whatever its exit is", async () => {
        const entry = await entered();
        const exit = await EXITS["landed in part"](entry);
        await doubt(entry);
        const elsewhere = sold(PART, { slot: 1_007n });
        expect(await stores.fills.move(attemptOf(exit), elsewhere, units(900), await standing(exit))).toBe(true);
        expect(await stores.fills.move(attemptOf(exit), elsewhere, units(900), await standing(exit))).toBe(false);
        await final(exit);
        expect((await positionOf(entry)).inDoubt).toBe(true);
        await entryFinal(entry);
        expect((await positionOf(entry)).inDoubt).toBe(false);
      });

      test("is that no more when its entry is taken back", async () => {
        const entry = await entered();
        const exit = await EXITS.live(entry);
        await doubt(entry);
        await stores.attempts.expire(attemptOf(exit), later(60));
        expect(await fork(entry)).toBe(true);
        expect((await positionOf(entry)).inDoubt).toBe(false);
      });
    });

    describe("an entry that is lost", () => {
      const unsettled: readonly Exit[] = ["drafted", "live", "landed", "landed in part"];

      test.each(unsettled)("stays booked while its exit is %s", async (status) => {
        const entry = await entered();
        await EXITS[status](entry);
        const before = await again(entry);
        expect(await lose(entry)).toBe(false);
        expect(await again(entry)).toEqual(before);
      });

      describe.each(["buy", "sell"] as const)("of side %s", (side) => {
        test("takes what its exits are booked with off the position, which is aborted; they keep what they moved", async () => {
          const entry = await entered(side);
          const exit = await EXITS.final(entry);
          await doubt(entry);
          const { closeReason } = { closeReason: null, ...exit.position };
          expect([exit.position.status, closeReason]).toEqual(["closing", "trailing_stop"]);
          expect(await lose(entry)).toBe(true);

          const { trade, position, attempts } = await again(entry);
          expect(trade).toMatchObject({ status: "failed", failure: FAILURE, failedAt: later(90) });
          expect(attempts).toMatchObject([{ status: "expired", endedAt: later(90) }]);
          expect(attempts[0]).not.toHaveProperty("fill");
          expect(position).toMatchObject({ status: "aborted", closedAt: later(90), exiting: 0n, inDoubt: false });
          // The exit's fee and nothing else.
          expect(position.totals).toEqual({
            entryIn: 0n,
            entryOut: 0n,
            exitIn: 0n,
            exitOut: 0n,
            missing: 0n,
            dust: 0n,
            feesLamports: 6_000n,
            rentLamports: 0n,
            feesQuote: 900n,
          });
          const left = await again(exit);
          expect(left.trade.status).toBe("finalized");
          expect(left.attempts).toMatchObject([{ status: "final", fill: { amountIn: HOLDING } }]);
          expect((await namesOf(entry)).slice(-2)).toEqual(["trade_failed", "alarm_raised"]);
          await isSequence(entry);
        });
      });

      test("of a position that is open again after a part of it left, ends it all the same", async () => {
        const entry = await entered();
        const part = await EXITS["final in part"](entry);
        expect(await lose(entry)).toBe(true);
        expect((await again(part)).trade.status).toBe("finalized");
        expect(await positionOf(entry)).toMatchObject({ status: "aborted", totals: { exitIn: 0n, entryOut: 0n } });
        expect((await stores.stops.armed()).map((armed) => armed.positionId)).not.toContain(entry.position.positionId);
      });

      test("takes the place of the exits that were still to come", async () => {
        const entry = await entered();
        await EXITS["final in part"](entry);
        const rest = await EXITS.expired(entry);
        expect(rest.trade).toMatchObject({ status: "submitted", amountIn: REST });
        expect(await lose(entry)).toBe(true);
        expect((await again(rest)).trade).toMatchObject({ status: "superseded", supersededAt: later(90) });
        expect((await positionOf(entry)).exiting).toBe(0n);
        expect(await draft(await again(rest))).toBe(false);
      });

      test("costs its fee when it landed with an error instead", async () => {
        const entry = await entered();
        await EXITS.final(entry);
        expect(await lose(entry, { error: ERROR, feeQuote: units(1_000) })).toBe(true);
        const { position, attempts } = await again(entry);
        expect(attempts).toMatchObject([{ status: "errored", ...ERROR, endedAt: later(90) }]);
        expect(attempts[0]).not.toHaveProperty("fill");
        expect(position.totals).toMatchObject({ entryIn: 0n, feesLamports: 13_000n, feesQuote: 1_900n });
      });

      test("is so once, whoever comes at once, and has a seat to give", async () => {
        const entry = await entered();
        const { accountId } = entry.position;
        for (const _seat of [2, 3]) await opened({ accountId });
        expect(await stores.trades.planEntry(plan(accountId))).toEqual({ outcome: "no_seat" });
        await EXITS.final(entry);
        const told = await loss(entry);
        const lost = await Promise.all([1, 2, 3, 4, 5].map(() => stores.fills.lose(told)));
        expect(lost.filter(Boolean)).toHaveLength(1);
        expect((await namesOf(entry)).filter((each) => each === "trade_failed")).toHaveLength(1);
        await isSequence(entry);
        // What it had spent is there again, also for who asked the wallet before it was booked.
        const spent = await stores.positions.committed(accountId, entry.trade.inputMint, AT);
        expect(spent.amount).toBe(2n * entry.trade.amountIn);
        expect(await stores.trades.planEntry(plan(accountId))).toEqual({ outcome: "planned" });
      });

      test("names what was seen: with a fill more, or less, it looks again", async () => {
        const entry = await entered();
        const early = await positionOf(entry);
        await EXITS["final in part"](entry);
        expect(await lose(entry, { position: early })).toBe(false);
        const seen = await positionOf(entry);
        expect(await lose(entry, { position: { ...seen, exiting: units(1) } as Position })).toBe(false);
        const others = { ...seen.totals, exitIn: units(PART - 1n), missing: units(1) };
        expect(await lose(entry, { position: { ...seen, totals: others } })).toBe(false);
        expect(await lose(entry, { position: seen })).toBe(true);
      });

      test("never is one that is final, or live, or an exit", async () => {
        const done = await entered();
        const exit = await EXITS.landed(done);
        expect(await lose(exit)).toBe(false);
        await entryFinal(done);
        await final(exit);
        expect(await lose(done)).toBe(false);
        const live = await entered();
        await fork(live);
        expect(await lose(live)).toBe(false);
      });

      test("and the signature of an exit that was drafted: one of them comes too late", async () => {
        const entry = await entered();
        await EXITS["final in part"](entry);
        const rest = await EXITS.drafted(entry);
        const told = await loss(entry);
        const [sign, lost] = await Promise.all([
          stores.attempts.sign(attemptOf(rest), unique("sig"), AT),
          stores.fills.lose(told),
        ]);
        expect([sign, lost]).toEqual([true, false]);
      });
    });

    describe("a position", () => {
      test("is closed by its entry when its exit was final before that", async () => {
        const entry = await entered();
        const exit = await EXITS.landed(entry);
        const before = await namesOf(entry);
        expect(await final(exit)).toMatchObject({
          trade: { status: "finalized" },
          position: { status: "closing", exiting: 0n },
        });
        expect(await namesOf(entry)).toEqual(before);
        expect(await finalized(entry)).toBe(true);
        expect(await again(entry)).toMatchObject({
          trade: { status: "finalized" },
          position: { status: "closed", closedAt: later(15), closeReason: "trailing_stop" },
        });
        expect(await namesOf(entry)).toEqual([...before, "ended"]);
        await isSequence(entry);
      });

      test("is closed by its exit when its entry was final before that, and not by the entry", async () => {
        const entry = await entered();
        const exit = await EXITS.landed(entry);
        expect(await finalized(entry)).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "closing" });
        expect(await namesOf(entry)).not.toContain("ended");
        expect((await final(exit)).position.status).toBe("closed");
        expect((await namesOf(entry)).at(-1)).toBe("ended");
      });

      test("is closed once when both are final at once, by whoever looks again", async () => {
        for (const order of [0, 1, 2, 3]) {
          const entry = await entered();
          const exit = await EXITS.landed(entry);
          const seen = await positionOf(entry);
          const both = order % 2 === 0 ? [entry, exit] : [exit, entry];
          const done = await Promise.all(both.map((each) => finalized(each, 0n, seen)));
          expect(done).toContain(true);
          // Who was too late has another look.
          for (const [index, each] of both.entries()) if (!done[index]) expect(await finalized(each)).toBe(true);
          expect((await positionOf(entry)).status).toBe("closed");
          expect((await namesOf(entry)).filter((each) => each === "ended")).toHaveLength(1);
        }
      });

      test("leaves its dust by whichever of the two is final last", async () => {
        const entry = await entered();
        const exit = await signed(await closed(entry, HOLDING - 7n));
        await landed(exit);
        expect(await finalized(exit, 7n)).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "closing", totals: { dust: 0n } });
        expect(await finalized(entry, 7n)).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "closed", totals: { dust: 7n } });
      });

      test("of which dust would have been left is watched again when that is worth something by then", async () => {
        const entry = await entered();
        const exit = await signed(await closed(entry, HOLDING - 7n));
        await landed(exit);
        await finalized(exit, 7n);
        expect(await finalized(entry)).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "open", totals: { dust: 0n } });
        expect((await namesOf(entry)).at(-1)).toBe("ended");
        expect(armedStop(await positionOf(entry))).not.toBeNull();
      });

      test("of which something is left is watched again at once, whatever its entry is", async () => {
        const entry = await entered();
        expect(await EXITS["final in part"](entry)).toMatchObject({ position: { status: "open", exiting: 0n } });
        const before = await namesOf(entry);
        expect(await finalized(entry)).toBe(true);
        expect((await positionOf(entry)).status).toBe("open");
        expect(await namesOf(entry)).toEqual(before);
      });

      test("is not opened again by its entry while the exit of a part is not final", async () => {
        const entry = await entered();
        const exit = await EXITS["landed in part"](entry);
        expect(await finalized(entry)).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "closing", exiting: 0n });
        expect((await final(exit)).position.status).toBe("open");
      });

      test("is not closed while another exit is planned, though nothing is held any more", async () => {
        const entry = await entered();
        await entryFinal(entry);
        const part = await closed(entry);
        const rest = await landed(await signed(await fired(entry)), sold(HOLDING));
        expect((await final(rest)).position).toMatchObject({ status: "closing", exiting: PART });
        expect(held((await positionOf(entry)).totals)).toBe(0n);
        expect(await replaced(await again(part))).toBe(true);
        expect((await positionOf(entry)).status).toBe("closed");
      });

      test("writes nothing off, and does not end with a late landing, before its entry is final", async () => {
        const entry = await entered();
        const exit = await EXITS.expired(entry);
        expect(await replaced(exit, { dust: units(HOLDING) })).toBe(false);
        const parts = [{ tradeId: partIdOf(exit.trade.tradeId, 1), amountIn: units(HOLDING - 6n) }];
        expect(await replaced(exit, { parts, missing: units(6) })).toBe(false);
        const halves = [1, 2].map((part) => ({
          tradeId: partIdOf(exit.trade.tradeId, part),
          amountIn: units(HOLDING / 2n),
        }));
        expect(await replaced(exit, { parts: halves })).toBe(true);

        const late = async (closes: "trailing_stop" | null): Promise<boolean> =>
          stores.fills.landLate({
            attemptId: attemptOf(exit),
            fill: sold(HOLDING),
            feeQuote: units(900),
            trade: "superseded",
            position: await positionOf(exit),
            counts: true,
            closes,
            events: [],
            at: later(70),
          });
        expect(await late("trailing_stop")).toBe(false);
        expect(await late(null)).toBe(true);
      });
    });

    const replaced = ({ trade, attempts, position }: TradeRecord, over: object = {}): Promise<boolean> =>
      stores.exits.replace({
        tradeId: trade.tradeId,
        attempts: attempts.length,
        held: held(position.totals),
        exiting: position.exiting,
        otherExits: false,
        tries: 1,
        parts: [],
        missing: units(0),
        dust: units(0),
        events: [],
        at: later(30),
        ...over,
      });

    describe("an entry that moved under its exits", () => {
      const LESS = HOLDING - 66n;
      const there = fill({
        amountIn: units(100_000_000),
        amountOut: units(LESS),
        slot: 1_007n,
        feeLamports: units(6_500),
      });
      const cut = async (entry: TradeRecord, over: Partial<Correction> = {}): Promise<Correction> => ({
        position: await positionOf(entry),
        exits: { amountIn: units(LESS), amountOut: units(95_000_000) },
        events: [alarmRaised(entry.trade, "EXIT_WITHOUT_ENTRY", "66 base units")],
        at: later(40),
        ...over,
      });
      const moveUnder = async (entry: TradeRecord, over: Partial<Correction> = {}): Promise<boolean> =>
        stores.fills.move(attemptOf(entry), there, units(950), await cut(entry, over));

      test("and brought less than they took is not booked without saying what is left of them", async () => {
        const entry = await entered();
        await EXITS.final(entry);
        const before = await again(entry);
        await expect(stores.fills.move(attemptOf(entry), there, units(950), await standing(entry))).rejects.toThrow();
        expect(await again(entry)).toEqual(before);
      });

      test("is booked with what is left of them when none of them can change any more", async () => {
        const entry = await entered();
        const exit = await EXITS.landed(entry);
        await doubt(entry);
        expect(await moveUnder(entry)).toBe(false);
        await final(exit);
        expect(await moveUnder(entry, { position: exit.position })).toBe(true);
        const { position, attempts } = await again(entry);
        expect(attempts).toMatchObject([{ status: "landed", fill: there }]);
        expect(position).toMatchObject({ status: "closing", inDoubt: false });
        expect(position.totals).toMatchObject({
          entryOut: LESS,
          exitIn: LESS,
          exitOut: 95_000_000n,
          feesLamports: 12_500n,
          feesQuote: 1_850n,
        });
        expect(lastOf(await again(exit))).toMatchObject({ fill: { amountIn: HOLDING } });
        expect((await namesOf(entry)).at(-1)).toBe("alarm_raised");
        expect(await finalized(entry)).toBe(true);
        expect((await positionOf(entry)).status).toBe("closed");
        await isSequence(entry);
      });

      test("is so once, and names what was seen", async () => {
        const entry = await entered();
        await EXITS.final(entry);
        const seen = await positionOf(entry);
        const stale = { ...seen, totals: { ...seen.totals, exitIn: units(HOLDING - 1n), missing: units(1) } };
        expect(await moveUnder(entry, { position: stale })).toBe(false);
        const told = await cut(entry);
        const moved = await Promise.all(
          [1, 2, 3].map(() => stores.fills.move(attemptOf(entry), there, units(950), told)),
        );
        expect(moved.filter(Boolean)).toHaveLength(1);
        expect((await positionOf(entry)).totals.entryOut).toBe(LESS);
      });

      test("ends a position that nobody closes when nothing of it is left", async () => {
        const entry = await entered();
        await final(await landed(await signed(await closed(entry, HOLDING - 10_000n)), sold(HOLDING - 10_000n)));
        const few = fill({ amountIn: units(100_000_000), amountOut: units(HOLDING - 10_001n), slot: 1_007n });
        const exits = { amountIn: units(HOLDING - 10_001n), amountOut: units(1) };
        expect(await stores.fills.move(attemptOf(entry), few, units(950), await cut(entry, { exits }))).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "open" });
        expect(await finalized(entry)).toBe(true);
        expect(await positionOf(entry)).toMatchObject({ status: "closed", closeReason: "closed_externally" });
      });
    });

    describe("an exit that took more than its position held", () => {
      const beyond = async (exit: TradeRecord, over: Partial<LandingBeyond> = {}): Promise<LandingBeyond> => {
        const position = await positionOf(exit);
        const had = held(position.totals);
        return {
          attemptId: attemptOf(exit),
          fill: sold(exit.trade.amountIn, { slot: 1_009n }),
          feeQuote: units(900),
          position,
          share: { amountIn: had, amountOut: units(had / 7n) },
          events: [alarmRaised(exit.trade, "EXIT_WITHOUT_ENTRY", "it had none of them")],
          ending: [ending],
          at: later(50),
          ...over,
        };
      };
      const landBeyond = async (exit: TradeRecord, over: Partial<LandingBeyond> = {}): Promise<boolean> =>
        stores.fills.landBeyond(await beyond(exit, over));

      /** An exit whose place `parts` took has landed after all, with `amountIn`, while the last part is signed. */
      const twice = async (amountIn: bigint, parts: number, isFinal = true): Promise<TradeRecord> => {
        const entry = await entered();
        if (isFinal) await entryFinal(entry);
        const exit = await EXITS.expired(entry);
        const planned = Array.from({ length: parts }, (_, index) => ({
          tradeId: partIdOf(exit.trade.tradeId, index + 1),
          amountIn: units(HOLDING / BigInt(parts)),
        }));
        expect(await replaced(exit, { parts: planned })).toBe(true);
        const part = await signed(await find(partIdOf(exit.trade.tradeId, 1)));
        const late = {
          attemptId: attemptOf(exit),
          fill: sold(amountIn),
          feeQuote: units(900),
          trade: "superseded" as const,
          position: part.position,
          counts: true,
          closes: null,
          events: [],
          at: later(40),
        };
        expect(await stores.fills.landLate(late)).toBe(true);
        return again(part);
      };

      test("is booked on its attempt alone, costs its fee, and ends the position if it was the last", async () => {
        const exit = await twice(HOLDING, 1);
        await expect(land(exit, sold(HOLDING))).rejects.toThrow();
        const before = exit.position.totals;
        expect(await landBeyond(exit)).toBe(true);
        const { trade, position, attempts } = await again(exit);
        expect(trade).toMatchObject({ status: "finalized", confirmedAt: later(50), finalizedAt: later(50) });
        expect(attempts).toMatchObject([{ status: "final", endedAt: later(50), fill: { amountIn: HOLDING } }]);
        expect(position).toMatchObject({ status: "closed", closedAt: later(50), exiting: 0n });
        expect(position.totals).toMatchObject({
          exitIn: before.exitIn,
          exitOut: before.exitOut,
          feesLamports: before.feesLamports + 6_000n,
          feesQuote: (before.feesQuote ?? 0n) + 900n,
        });
        expect((await namesOf(exit)).slice(-2)).toEqual(["alarm_raised", "ended"]);
        await isSequence(exit);
      });

      test("counts as far as the position held something", async () => {
        const exit = await twice(HOLDING - 66n, 1);
        expect(await landBeyond(exit)).toBe(true);
        const { position, attempts } = await again(exit);
        expect(position.totals.exitIn).toBe(HOLDING);
        expect(attempts).toMatchObject([{ fill: { amountIn: HOLDING } }]);
        expect(position.status).toBe("closed");
      });

      test("leaves the rest of the exits to be cut, and the last of those ends the position", async () => {
        const exit = await twice(HOLDING, 2);
        expect(await landBeyond(exit)).toBe(true);
        expect(await positionOf(exit)).toMatchObject({ status: "closing", exiting: HOLDING / 2n });
        expect((await namesOf(exit)).at(-1)).toBe("alarm_raised");
        await isSequence(exit);
        const other = await find(partIdOf(exit.trade.replaces ?? "", 2));
        expect(await draft(other)).toBe(false);
        expect(await replaced(other)).toBe(true);
        expect(await positionOf(exit)).toMatchObject({ status: "closed", exiting: 0n });
      });

      test("leaves the end of the position to its entry while that is not final", async () => {
        const exit = await twice(HOLDING, 1, false);
        expect(await landBeyond(exit)).toBe(true);
        expect(await positionOf(exit)).toMatchObject({ status: "closing", exiting: 0n });
        expect((await namesOf(exit)).at(-1)).toBe("alarm_raised");
        const entryId = (await stores.trades.findEntry(exit.position.positionId)) ?? expect.unreachable();
        expect(await finalized(await find(entryId))).toBe(true);
        expect((await positionOf(exit)).status).toBe("closed");
        expect((await namesOf(exit)).at(-1)).toBe("ended");
        await isSequence(exit);
      });

      test("is so once, and names what was seen", async () => {
        const exit = await twice(HOLDING, 1);
        const stale = { ...exit.position, exiting: units(HOLDING - 1n) } as Position;
        expect(await landBeyond(exit, { position: stale })).toBe(false);
        const told = await beyond(exit);
        const done = await Promise.all([1, 2, 3, 4, 5].map(() => stores.fills.landBeyond(told)));
        expect(done.filter(Boolean)).toHaveLength(1);
        expect((await positionOf(exit)).totals.feesLamports).toBe(exit.position.totals.feesLamports + 6_000n);
        await isSequence(exit);
      });

      test("and the end of its entry at once end the position once, by whoever looks again", async () => {
        for (const order of [0, 1, 2, 3]) {
          const exit = await twice(HOLDING, 1, false);
          const entry = await find((await stores.trades.findEntry(exit.position.positionId)) ?? "");
          const told = await beyond(exit);
          const both = [() => stores.fills.landBeyond(told), () => finalized(entry, 0n, exit.position)];
          if (order % 2 === 1) both.reverse();
          expect(await Promise.all(both.map((each) => each()))).toContain(true);
          await landBeyond(exit);
          await finalized(entry);
          expect((await positionOf(exit)).status).toBe("closed");
          expect((await namesOf(exit)).filter((each) => each === "ended")).toHaveLength(1);
        }
      });

      test("goes on as any other when it is not on the chain after all, or failed", async () => {
        const [gone, failed] = [await twice(HOLDING, 1), await twice(HOLDING, 1)];
        expect(await stores.attempts.expire(attemptOf(gone), later(60))).toBe(true);
        expect(await stores.attempts.fail(attemptOf(failed), ERROR, units(900), later(60))).toBe(true);
        for (const each of [gone, failed]) {
          expect(await draft(await again(each))).toBe(false);
          expect(await replaced(await again(each))).toBe(true);
          expect((await positionOf(each)).status).toBe("closed");
        }
      });

      test("never is an entry, nor an exit that is not live", async () => {
        const entry = await signed(await given.planned());
        expect(await landBeyond(entry)).toBe(false);
        const exit = await EXITS.landed(await entered());
        expect(await landBeyond(exit)).toBe(false);
      });
    });
  });
}

const refOf = ({ trade: { tradeId, positionId, symbol } }: TradeRecord) => ({ tradeId, positionId, symbol });
