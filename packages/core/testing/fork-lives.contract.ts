/**
 * Whatever is forked away under whatever exits: it ends, the ledger is the chain, nothing landed twice, and of an entry that is
 * not there no more was sold than was on its way when that was found out.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Side } from "../src/market/market.ts";
import { held } from "../src/position/position.ts";
import { type Attempt, UNFINISHED_ATTEMPTS } from "../src/trade/attempt.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { type Life, live } from "./fork-lives.ts";
import type { Fate } from "./forking-chain.ts";
import { noRoute } from "./steered-jupiter.ts";
import type { Stores } from "./stores.given.ts";

const AGAIN: Fate = { type: "again", better: 0n };
const NEVER: Fate = { type: "never" };

const SIDES = ["buy", "sell"] as const;

/** @param runs - How many lives are made up; each takes some hundred statements. */
export function forkLivesContract(name: string, open: () => Promise<Stores>, runs: number): void {
  describe(`lives under forks, ${name}`, () => {
    let stores: Stores;
    beforeAll(async () => {
      stores = await open();
    });

    const statusOf = async (life: Life) => (await life.entry()).position.status;
    const signatureOf = ({ attempts }: TradeRecord): string => {
      const last = attempts.at(-1);
      return last && "signature" in last ? last.signature : expect.unreachable("it is signed");
    };
    const eventsOf = async ({ positionId }: Life) =>
      (await stores.outbox.after(0n, 1_000_000)).filter((event) => event.positionId === positionId);
    const alarmsOf = async (life: Life) =>
      (await eventsOf(life)).flatMap((event) => (event.name === "alarm_raised" ? [event.payload] : []));
    const codesOf = async (life: Life) => (await alarmsOf(life)).map(({ code }) => code);

    const confirmed = async (side: Side): Promise<Life> => {
      const life = await live(stores, side);
      await life.until("the entry is confirmed", async () => (await statusOf(life)) === "open");
      return life;
    };
    const landed = (life: Life) =>
      life.until("the exit is booked", async () => (await life.exit()).attempts.at(-1)?.status === "landed");
    const over = async (life: Life) => {
      await life.until("it is over", () => life.isOver());
      await expectTrue(life);
      return (await life.entry()).position;
    };
    /** The block of the transaction is lost, and all that are on it. */
    const forked = (life: Life, record: TradeRecord, fateOf: (signature: string) => Fate) =>
      life.chain.fork(life.chain.depthOf(signatureOf(record)) ?? expect.unreachable("it is not final"), fateOf);

    /** What is true of any position of which nothing moves any more. */
    async function expectTrue(life: Life): Promise<void> {
      const trades = await life.trades();
      const { position } = await life.entry();
      const fills = trades.flatMap(({ trade, attempts }) =>
        attempts.flatMap((each) => ("fill" in each ? [{ ...each.fill, trade, signedAt: each.signedAt }] : [])),
      );
      const sum = (some: readonly bigint[]) => some.reduce((all, each) => all + each, 0n);
      for (const mint of [trades[0]?.trade.inputMint ?? "", trades[0]?.trade.outputMint ?? ""]) {
        const booked = fills.map(({ trade, amountIn, amountOut }) =>
          trade.inputMint === mint ? -amountIn : trade.outputMint === mint ? amountOut : 0n,
        );
        expect(sum(booked), "the ledger is the chain").toBe(life.chain.gained(mint));
      }
      const flying = trades.flatMap(({ attempts }) => attempts.filter(isUnfinished));
      expect(flying, "nothing is in flight").toEqual([]);
      expect(["open", "closed", "aborted"]).toContain(position.status);
      expect([position.exiting, position.inDoubt]).toEqual([0n, false]);
      expect(held(position.totals) > 0n).toBe(position.status === "open");

      const events = await eventsOf(life);
      expect(events.map((event) => event.positionSequence)).toEqual(events.map((_event, index) => index + 1));
      const told = (name: string) => events.filter((event) => event.name === name).length;
      expect(told("position_closed")).toBe(position.status === "closed" ? 1 : 0);
      expect(told("trade_failed")).toBe(position.status === "aborted" ? 1 : 0);

      const entered = sum(fills.filter(({ trade }) => trade.kind === "entry").map(({ amountOut }) => amountOut));
      const exits = fills.filter(({ trade }) => trade.kind === "exit");
      const left = sum(exits.map(({ amountIn }) => amountIn));
      const codes = await codesOf(life);
      const { entryOut, exitIn } = position.totals;
      // A node that was wrong may have brought about what nothing else does, and a person was told.
      if (codes.includes("LATE_LANDING")) {
        expect([entryOut <= entered, exitIn <= left]).toEqual([true, true]);
        return;
      }
      expect([entryOut, exitIn]).toEqual([entered, left < entered ? left : entered]);
      expect(codes.includes("EXIT_WITHOUT_ENTRY")).toBe(left > entered);
      expect(position.status === "aborted").toBe(entered === 0n);
      for (const { trade, attempts } of trades) {
        const there = attempts.filter(
          (each) => "signature" in each && life.chain.landings.get(each.signature)?.error === null,
        );
        expect(there.length, `${trade.tradeId} moved the wallet`).toBeLessThanOrEqual(1);
      }
      // What was sold of an entry that is not there was signed before that was known.
      const known = life.log.find(([event]) => event === "entry_in_doubt")?.[1];
      if (entered === 0n) for (const { signedAt } of exits) expect(known && signedAt <= known).toBe(true);
    }

    describe.each(SIDES)("of side %s", (side) => {
      test("an entry that never lands again while its exit is on its way is lost, and a person is told", async () => {
        const life = await confirmed(side);
        life.chain.delay = () => 45n;
        await life.fire();
        await life.until("the exit is sent", async () => (await life.exit()).attempts.at(-1)?.status === "live");
        expect(forked(life, await life.entry(), () => NEVER)).toHaveLength(1);
        await life.until("it is in doubt", async () => (await life.entry()).position.inDoubt);
        expect(await statusOf(life)).toBe("closing");

        const position = await over(life);
        expect(position).toMatchObject({
          status: "aborted",
          totals: { entryOut: 0n, exitIn: 0n, feesLamports: 6_000n },
        });
        const [entry, exit] = [await life.entry(), await life.exit()];
        expect([entry.trade.status, entry.attempts.at(-1)?.status]).toEqual(["failed", "expired"]);
        expect([exit.trade.status, exit.attempts.at(-1)?.status]).toEqual(["finalized", "final"]);
        const sold = exit.trade.amountIn;
        expect(await alarmsOf(life)).toMatchObject([
          {
            code: "EXIT_WITHOUT_ENTRY",
            tradeId: life.entryId,
            message: expect.stringContaining(`took ${sold} base units`),
          },
        ]);
      });

      test("an entry and its exit that never land again leave nothing, and nobody is told", async () => {
        const life = await confirmed(side);
        await life.fire();
        await landed(life);
        expect(forked(life, await life.entry(), () => NEVER)).toHaveLength(2);
        expect(await over(life)).toMatchObject({ status: "aborted" });
        expect((await life.exit()).trade.status).toBe("superseded");
        expect(await codesOf(life)).toEqual([]);
      });

      test.each([
        ["as much", 0n, [], "closed"],
        ["less", -20n, ["EXIT_WITHOUT_ENTRY"], "closed"],
        ["more", 20n, [], "open"],
      ] as const)("an entry that lands again under its exit and brings %s", async (_words, better, alarms, status) => {
        const life = await confirmed(side);
        await life.fire();
        await landed(life);
        const entry = await life.entry();
        const entryFate: Fate = { type: "again", better };
        forked(life, entry, (signature) => (signature === signatureOf(entry) ? entryFate : AGAIN));
        const position = await over(life);
        expect([position.status, await codesOf(life)]).toEqual([status, alarms]);
      });

      test("an entry that lands again with an error, under its exit, costs its fee", async () => {
        const life = await confirmed(side);
        await life.fire();
        await landed(life);
        const entry = await life.entry();
        forked(life, entry, (signature) => (signature === signatureOf(entry) ? { type: "fails" } : AGAIN));
        const position = await over(life);
        expect(position).toMatchObject({ status: "aborted", totals: { feesLamports: 12_000n } });
        expect((await life.entry()).attempts.at(-1)).toMatchObject({ status: "errored", feeLamports: 6_000n });
        expect(await codesOf(life)).toEqual(["EXIT_WITHOUT_ENTRY"]);
      });

      test("a stop that fires while the entry of what is left is in doubt sells nothing of it", async () => {
        const life = await confirmed(side);
        await life.close(3n);
        await landed(life);
        const part = await life.exit();
        const entry = await life.entry();
        forked(life, entry, (signature) => (signature === signatureOf(entry) ? NEVER : AGAIN));
        await life.until("it is in doubt", async () => (await life.entry()).position.inDoubt);
        await life.fire();
        // What is open again is watched, and its stop is latched: it has an exit, which waits.
        await life.until("its stop can fire", async () => {
          await life.fire();
          return (await life.exit()).trade.tradeId !== part.trade.tradeId;
        });
        const position = await over(life);
        expect(position.status).toBe("aborted");
        expect(await life.exit()).toMatchObject({ trade: { status: "superseded" }, attempts: [] });
        expect(await codesOf(life)).toEqual(["EXIT_WITHOUT_ENTRY"]);
      });

      test("an exit whose block alone is lost is sold once, with its entry", async () => {
        const life = await confirmed(side);
        await life.until("the entry is final", async () => (await life.entry()).trade.status === "finalized");
        await life.fire();
        await landed(life);
        const exit = await life.exit();
        expect(forked(life, exit, () => NEVER)).toEqual([signatureOf(exit)]);
        expect(await over(life)).toMatchObject({ status: "closed" });
        expect((await life.exit()).attempts.map(({ status }) => status)).toEqual(["expired", "final"]);
      });
    });

    describe.each(SIDES)("of side %s, by a node that was wrong", (side) => {
      /** Its exit is on the chain, was taken for dead, and has gone on in halves, of which the first is on its way. */
      const divided = async (): Promise<Life> => {
        const life = await confirmed(side);
        await life.until("the entry is final", async () => (await life.entry()).trade.status === "finalized");
        const whole = (await life.entry()).position.totals.entryOut;
        await life.fire();
        await life.until("the exit is sent", async () => (await life.exit()).attempts.length > 0);
        life.chain.hidden.add(signatureOf(await life.exit()));
        life.jupiter.quoting(({ amountIn }) => (amountIn === whole ? noRoute() : {}));
        life.chain.delay = () => 45n;
        await life.until("it goes on in halves", async () => (await life.exit()).trade.status === "superseded");
        await life.until("one of them is sent", async () =>
          (await partsOf(life)).some(({ attempts }) => attempts.length > 0),
        );
        life.chain.hidden.clear();
        return life;
      };
      const partsOf = async (life: Life) => (await life.trades()).filter(({ trade }) => trade.replaces !== null);

      test("an exit that landed twice is booked as what it was, and what was still to come of it is not sold", async () => {
        const life = await divided();
        await life.recheck();
        expect(held((await life.entry()).position.totals)).toBe(0n);
        const position = await over(life);
        expect(position).toMatchObject({ status: "closed", totals: { exitIn: position.totals.entryOut } });
        expect((await life.exit()).attempts.map(({ status }) => status)).toEqual(["final"]);
        const parts = await partsOf(life);
        expect(parts.map(({ trade }) => trade.status).toSorted()).toEqual(["finalized", "superseded"]);
        expect(parts.flatMap(({ attempts }) => attempts.map(({ status }) => status))).toEqual(["final"]);
        expect(await codesOf(life)).toEqual(["EXIT_DIVIDED", "LATE_LANDING", "EXIT_WITHOUT_ENTRY"]);
        expect((await alarmsOf(life)).at(-1)?.message).toMatch(
          /^it took \d+ base units, and its position had 0 of them$/,
        );
      });

      test("an exit that landed twice, of which the second is forked away for good, was sold once", async () => {
        const life = await divided();
        await life.recheck();
        const isThere = async () =>
          (await partsOf(life)).some((part) => part.attempts[0] && life.chain.depthOf(signatureOf(part)));
        await life.until("the half is on the chain", isThere);
        expect(life.chain.fork(3, () => NEVER)).toHaveLength(1);
        const position = await over(life);
        expect(position).toMatchObject({ status: "closed", totals: { exitIn: position.totals.entryOut } });
        expect((await partsOf(life)).map(({ trade }) => trade.status)).toEqual(["superseded", "superseded"]);
        expect(await codesOf(life)).toEqual(["EXIT_DIVIDED", "LATE_LANDING"]);
      });
    });

    const fate = fc.oneof(
      { weight: 3, arbitrary: fc.record({ type: fc.constant("again" as const), better: fc.bigInt(-300n, 300n) }) },
      { weight: 2, arbitrary: fc.constant(NEVER) },
      { weight: 1, arbitrary: fc.constant({ type: "fails" } as const) },
    );
    /** What happens, and after how many messages more. */
    const act = fc.record({
      after: fc.integer({ min: 0, max: 7 }),
      what: fc.constantFrom("fire", "close", "close", "fork", "fork the entry", "fork the entry", "hide"),
      part: fc.bigInt(1n, 4n),
      blocks: fc.integer({ min: 1, max: 31 }),
      entry: fate,
      exits: fc.array(fate, { minLength: 3, maxLength: 3 }),
    });
    const delay = fc.oneof(fc.bigInt(1n, 4n), fc.bigInt(20n, 60n), fc.constant(null));

    /** The node that is asked loses sight of what is on its way: what it takes for dead by that may be on the chain. */
    const hideFlying = ({ chain }: Life, trades: readonly TradeRecord[]): void => {
      for (const { attempts } of trades)
        for (const each of attempts) if (each.status === "live") chain.hidden.add(each.signature);
    };

    test("end, whatever happens to them", { timeout: runs * 20_000 }, async () => {
      const property = fc.asyncProperty(
        fc.constantFrom(...SIDES),
        fc.array(act, { minLength: 1, maxLength: 9 }),
        fc.array(delay, { maxLength: 12 }),
        async (side, acts, delays) => {
          const life = await confirmed(side);
          const first = signatureOf(await life.entry());
          life.chain.delay = (count) => (count - 2 < delays.length ? (delays[count - 2] ?? null) : 1n);
          for (const { after, what, part, blocks, entry, exits } of acts) {
            for (let messages = 0; messages < after && !(await life.isOver()); messages++) await life.step();
            if (what === "fire") await life.fire();
            else if (what === "close") await life.close(part);
            else if (what === "hide") hideFlying(life, await life.trades());
            else {
              const deep = what === "fork" ? blocks : (life.chain.depthOf(first) ?? blocks);
              life.chain.fork(deep, (_signature, number) => (number === 1 ? entry : (exits[number % 3] ?? NEVER)));
            }
          }
          await life.until("it is over", () => life.isOver());
          // A day has not passed: what the node knows by then is asked for.
          life.chain.hidden.clear();
          await life.recheck();
          await life.until("it is over again", () => life.isOver());
          await expectTrue(life);
        },
      );
      await fc.assert(property, { numRuns: runs, endOnFailure: true });
    });
  });
}

const isUnfinished = ({ status }: Attempt): boolean => UNFINISHED_ATTEMPTS.some((unfinished) => unfinished === status);
