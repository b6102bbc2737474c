/** Ledger against chain: what is found missing, what is written off, and what is left alone. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { amount } from "../src/money/amount.ts";
import { held } from "../src/position/position.ts";
import { checkHolding, type HoldingsDeps } from "../src/reconcile/holdings.ts";
import { reconcileAll, reconcileTrades } from "../src/reconcile/reconcile.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { SOL_USDC } from "./given.ts";
import { type ReconcileWorld, reconcileWorld } from "./reconcile-world.ts";
import type { Stores } from "./stores.given.ts";

const SOL = SOL_USDC.baseMint;
const USDC = SOL_USDC.quoteMint;

export function holdingsContract(name: string, open: () => Promise<Stores>): void {
  describe(`ledger against chain, ${name}`, () => {
    let stores: Stores;
    let world: ReconcileWorld;

    beforeAll(async () => {
      stores = await open();
    });
    beforeEach(async () => {
      world = await reconcileWorld(stores);
    });

    const look = (over: Partial<HoldingsDeps> = {}, mint = SOL): Promise<void> => {
      const account = { accountId: world.accountId, wallet: world.wallet.address };
      return checkHolding({ ...world.deps, ...over }, { account, mint });
    };
    /** A look, and another one a finalization later. */
    const lookTwice = async (): Promise<void> => {
      await look();
      world.wallet.slot += 100n;
      await look();
    };
    const sighting = (mint = SOL) => world.deps.shortages.sighting(world.accountId, mint);
    const statusOf = async ({ trade }: TradeRecord) => (await world.find(trade.tradeId)).position.status;
    const heldBy = async ({ trade }: TradeRecord) => held((await world.find(trade.tradeId)).position.totals);
    const namesOf = async ({ position }: TradeRecord) =>
      (await world.events(position.positionId)).flatMap((event) =>
        event.name === "trade_executed" || event.name === "stop_loss_triggered"
          ? []
          : event.name === "alarm_raised"
            ? event.payload.code
            : event.name,
      );
    const take = (signature: string, lamports: bigint): void => world.wallet.move(signature, [[SOL, -lamports]]);

    /** Three lots, of 100, 200 and 300. */
    const threeLots = async () => [await world.lot(100n), await world.lot(200n), await world.lot(300n)] as const;

    test("that agree is noted, and that is all", async () => {
      const lots = await threeLots();
      await lookTwice();
      expect(await sighting()).toMatchObject({ amount: 0n, frozenAt: null, agreedSlot: world.wallet.slot });
      expect(world.queues.sent).toEqual([]);
      for (const lot of lots) expect([await statusOf(lot), await namesOf(lot)]).toEqual(["open", []]);
    });

    test("a wallet emptied by hand closes every lot, the newest first, after it was seen twice", async () => {
      const lots = await threeLots();
      await look();
      take("by hand", 600n);
      await look();
      expect(await Promise.all(lots.map(statusOf))).toEqual(["open", "open", "open"]);
      const entry = lots[2].trade.tradeId;
      expect(world.queues.sent).toEqual([{ queue: "reconcile", tradeId: entry, delaySeconds: 30 }]);

      world.wallet.slot += 100n;
      await look();
      expect(await Promise.all(lots.map(statusOf))).toEqual(["closed", "closed", "closed"]);
      for (const lot of lots) {
        expect(await namesOf(lot)).toEqual(["position_closed", "CLOSED_EXTERNALLY"]);
        expect((await world.find(lot.trade.tradeId)).position).toMatchObject({ closeReason: "closed_externally" });
        expect(await heldBy(lot)).toBe(0n);
      }
      const [, alarm] = (await world.events(lots[0].position.positionId)).slice(-2);
      expect(alarm?.payload).toMatchObject({ message: "100 of 100 base units were taken by by hand", tradeId: null });
      const written = world.log.lines.filter((line) => line === "lot_written_off");
      expect(written).toHaveLength(3);
    });

    test("a part that is gone is the newest lots', to the base unit, and what is left goes on", async () => {
      const [oldest, middle, newest] = await threeLots();
      take("by hand", 350n);
      await lookTwice();
      expect(await Promise.all([oldest, middle, newest].map(statusOf))).toEqual(["open", "open", "closed"]);
      expect(await Promise.all([oldest, middle, newest].map(heldBy))).toEqual([100n, 150n, 0n]);
      expect(await namesOf(middle)).toEqual(["position_updated", "REDUCED_EXTERNALLY"]);
      expect(await namesOf(oldest)).toEqual([]);
      world.wallet.slot += 100n;
      await look();
      expect(await sighting()).toMatchObject({ amount: 0n, writtenOff: 0n, frozenAt: null });
    });

    test("what nothing explains freezes the mint, once, and leaves every lot and its stop", async () => {
      const [oldest, middle, newest] = await threeLots();
      world.wallet.unseen.set(SOL, -50n);
      await lookTwice();
      expect(await sighting()).toMatchObject({ amount: 50n, frozenAt: world.clock.now() });
      expect(await Promise.all([oldest, middle, newest].map(statusOf))).toEqual(["open", "open", "open"]);
      expect(await namesOf(newest)).toEqual(["MINT_FROZEN"]);
      expect(await world.stores.stops.armed()).toEqual(
        expect.arrayContaining([expect.objectContaining({ positionId: newest.position.positionId })]),
      );
      world.wallet.slot += 100n;
      await look();
      expect(await namesOf(newest)).toEqual(["MINT_FROZEN"]);

      world.wallet.unseen.clear();
      world.wallet.slot += 100n;
      await look();
      expect(await sighting()).toMatchObject({ amount: 0n, frozenAt: null });
      expect(world.log.lines).toContain("shortage_over");
    });

    test("what the operator withdrew of what was free is nobody's taking: it explains no shortage", async () => {
      const [, , newest] = await threeLots();
      world.wallet.unseen.set(SOL, 50n);
      await look();
      const { accountId, clock } = world;
      const at = clock.now();
      const transferId = `tfr_of_${accountId}`;
      const none = { destination: null, requestedBy: "ann", authorization: null };
      const funds = { balance: 650n, at };
      const asked = { transferId, accountId, kind: "unwrap" as const, mint: SOL, amount: amount(50n), plannedAt: at };
      expect(await stores.transfers.plan({ ...asked, ...none, funds })).toEqual({ outcome: "planned" });
      const draft = { message: "message", blockhash: "blockhash", lastValidBlockHeight: 1n, draftedAt: at };
      await stores.transfers.draft(transferId, draft);
      expect(await stores.transfers.sign(transferId, draft.message, `sig of ${transferId}`, at)).toBe(true);
      take(`sig of ${transferId}`, 50n);
      // As much besides is gone, and nothing tells why: the withdrawal stands in the history and is not taken for it.
      world.wallet.unseen.clear();
      await lookTwice();
      expect(await namesOf(newest)).toEqual(["MINT_FROZEN"]);
      expect(await heldBy(newest)).toBe(300n);
    });

    test("is lifted when no lot is left that could be short", async () => {
      const lot = await world.lot(100n);
      world.wallet.unseen.set(SOL, -1n);
      await lookTwice();
      const exit = await world.send(await world.fire(lot));
      await world.finalize(await world.land(exit, 100n, 1n));
      world.wallet.unseen.set(SOL, 0n);
      world.wallet.slot += 100n;
      await reconcileAll(world.deps);
      expect(await sighting()).toMatchObject({ amount: 0n, frozenAt: null });
    });

    test("a surplus is inventory", async () => {
      const lot = await world.lot(100n);
      world.wallet.move("a gift", [[SOL, 1_000n]]);
      take("some of it", 900n);
      await lookTwice();
      expect(await sighting()).toMatchObject({ amount: 0n });
      expect(await heldBy(lot)).toBe(100n);
    });

    test("an outflow explains only what is short after what others brought", async () => {
      const lot = await world.lot(100n);
      world.wallet.move("a gift", [[SOL, 1_000n]]);
      take("it back", 1_000n);
      world.wallet.unseen.set(SOL, -40n);
      await lookTwice();
      expect([await statusOf(lot), await heldBy(lot), await namesOf(lot)]).toEqual(["open", 100n, ["MINT_FROZEN"]]);
    });

    test("an outflow from before the books agreed explains nothing, and none explains two shortages", async () => {
      world.wallet.move("inventory", [[SOL, 1_000n]]);
      const [oldest, middle, newest] = await threeLots();
      take("inventory again", 1_000n);
      await look();
      world.wallet.unseen.set(SOL, -10n);
      world.wallet.slot += 100n;
      await lookTwice();
      expect(await sighting()).toMatchObject({ amount: 10n, frozenAt: expect.any(Date) });
      world.wallet.unseen.clear();
      world.wallet.slot += 100n;
      await look();

      take("by hand", 300n);
      await lookTwice();
      expect(await statusOf(newest)).toBe("closed");
      // Before the books are seen to agree again, as much is gone that nobody can tell of.
      world.wallet.unseen.set(SOL, -200n);
      world.wallet.slot += 100n;
      await lookTwice();
      expect([await statusOf(middle), await statusOf(oldest)]).toEqual(["open", "open"]);
      expect(await sighting()).toMatchObject({ amount: 200n, writtenOff: 300n, frozenAt: expect.any(Date) });
    });

    test("an outflow explains what is short of a lot that is younger, when another was sold out of it meanwhile", async () => {
      const robbed = await world.lot(100n);
      take("by hand", 100n);
      const younger = await world.lot(120n);
      await world.finalize(await world.land(await world.send(await world.fire(robbed)), 100n, 1n));
      await lookTwice();
      expect([await statusOf(robbed), await heldBy(younger)]).toEqual(["closed", 20n]);
      expect(await sighting()).toMatchObject({ amount: 0n, writtenOff: 100n, frozenAt: null });
    });

    test("our own transactions explain nothing", async () => {
      const [, , newest] = await threeLots();
      const dead = await world.expire(await world.send(await world.fire(newest)));
      world.landLate(dead, `${dead.trade.tradeId}.1`, 300n, 1n);
      await lookTwice();
      expect(await statusOf(newest)).toBe("closing");
      expect(await sighting()).toMatchObject({ amount: 300n, frozenAt: expect.any(Date) });
    });

    test.each([
      ["a transaction that the node does not have", (at: ReconcileWorld) => at.wallet.pruned.add("by hand")],
      [
        "a history that is cut off",
        (at: ReconcileWorld) => {
          for (let each = 0; each < 1_000; each++) at.wallet.move(`dust ${each}`, [[SOL, 0n]]);
        },
      ],
    ])("%s explains nothing", async (_, spoil) => {
      const lot = await world.lot(100n);
      take("by hand", 100n);
      spoil(world);
      await lookTwice();
      expect([await statusOf(lot), await namesOf(lot)]).toEqual(["open", ["MINT_FROZEN"]]);
    });

    test("a history that is not answered freezes the mint until it is", async () => {
      const lot = await world.lot(100n);
      take("by hand", 100n);
      await look();
      world.wallet.slot += 100n;
      const history = () => Promise.reject(new Error("no answer"));
      await expect(look({ rpc: { ...world.wallet.rpc, history } })).rejects.toThrow("no answer");
      expect(await namesOf(lot)).toEqual(["MINT_FROZEN"]);
      await look();
      expect(await statusOf(lot)).toBe("closed");
      world.wallet.slot += 100n;
      await look();
      expect(await sighting()).toMatchObject({ amount: 0n, frozenAt: null });
    });

    test("a node that has not seen the last fill is no witness", async () => {
      await world.lot(100n);
      world.wallet.lag = 50n;
      await expect(look()).rejects.toThrow("behind");
      expect(await sighting()).toBeNull();
    });

    test("a second look at the same moment is no second sighting", async () => {
      const lot = await world.lot(100n);
      take("by hand", 100n);
      for (let looks = 0; looks < 5; looks++) await look();
      world.wallet.slot += 31n;
      await look();
      expect(await statusOf(lot)).toBe("open");
      world.wallet.slot += 1n;
      await look();
      expect(await statusOf(lot)).toBe("closed");
    });

    test("a shortage that became smaller has to be seen again", async () => {
      const lot = await world.lot(100n);
      take("by hand", 100n);
      await look();
      world.wallet.move("back", [[SOL, 60n]]);
      world.wallet.slot += 100n;
      await look();
      expect([await heldBy(lot), await sighting()]).toMatchObject([100n, { amount: 40n }]);
      world.wallet.slot += 100n;
      await look();
      expect(await heldBy(lot)).toBe(60n);
    });

    test("of a shortage that grew, what was seen twice is written off, and the rest at the next sighting", async () => {
      const lot = await world.lot(100n);
      take("by hand", 40n);
      await look();
      take("more", 30n);
      world.wallet.slot += 100n;
      await look();
      expect(await heldBy(lot)).toBe(60n);
      await lookTwice();
      expect(await heldBy(lot)).toBe(60n - 30n);
    });

    test("nothing is said while an attempt that moves the mint is unfinished", async () => {
      const [, , newest] = await threeLots();
      take("by hand", 600n);
      await look();
      const exit = await world.send(await world.fire(newest));
      world.wallet.slot += 100n;
      await look();
      expect(await statusOf(newest)).toBe("closing");
      expect(world.queues.sent.filter(({ queue }) => queue === "reconcile")).toHaveLength(2);
      await world.expire(exit);
      await look();
      expect(await statusOf(newest)).toBe("closed");
      expect((await world.find(exit.trade.tradeId)).trade.status).toBe("superseded");
      expect((await world.find(exit.trade.tradeId)).position).toMatchObject({ exiting: 0n });
    });

    test("a closing lot of which a part is gone keeps its exit, which is cut when it is tried", async () => {
      const lot = await world.lot(100n);
      const exit = await world.fire(lot);
      take("by hand", 30n);
      await lookTwice();
      expect([await statusOf(lot), await heldBy(lot)]).toEqual(["closing", 70n]);
      expect((await world.find(exit.trade.tradeId)).trade).toMatchObject({ status: "planned", amountIn: 100n });
      expect(await world.draft(await world.find(exit.trade.tradeId))).toBe(false);
    });

    test("books that changed while the wallet was asked are not judged by it", async () => {
      const lot = await world.lot(100n);
      take("by hand", 60n);
      await look();
      world.wallet.slot += 100n;
      const tokens: HoldingsDeps["rpc"]["tokens"] = async (...asked) => {
        const balance = await world.wallet.rpc.tokens(...asked);
        await world.lot(20n);
        return balance;
      };
      await look({ rpc: { ...world.wallet.rpc, tokens } });
      expect(await heldBy(lot)).toBe(100n);
    });

    test("a crash between two lots leaves the rest to the next run", async () => {
      const [oldest, middle, newest] = await threeLots();
      take("by hand", 600n);
      await look();
      world.wallet.slot += 100n;
      let writes = 0;
      const { writeOff } = world.deps.shortages;
      const dying = {
        ...world.deps.shortages,
        writeOff: async (each: Parameters<typeof writeOff>[0]) => {
          if (++writes === 2) throw new Error("killed");
          return writeOff(each);
        },
      };
      await look({ shortages: dying });
      expect(await Promise.all([oldest, middle, newest].map(statusOf))).toEqual(["open", "open", "closed"]);
      expect(world.queues.sent.at(-1)).toEqual({ queue: "reconcile", tradeId: newest.trade.tradeId, delaySeconds: 30 });
      world.wallet.slot += 100n;
      await look();
      expect(await Promise.all([oldest, middle, newest].map(statusOf))).toEqual(["closed", "closed", "closed"]);
      for (const lot of [oldest, middle, newest]) expect(await heldBy(lot)).toBe(0n);
    });

    test("many at once write off what is gone, and no more", async () => {
      const [oldest, middle, newest] = await threeLots();
      take("by hand", 350n);
      await look();
      world.wallet.slot += 100n;
      await Promise.all(Array.from({ length: 8 }, () => look()));
      expect(await Promise.all([oldest, middle, newest].map(heldBy))).toEqual([100n, 150n, 0n]);
      expect(await namesOf(middle)).toEqual(["position_updated", "REDUCED_EXTERNALLY"]);
    });

    test("many at once freeze a mint once", async () => {
      const lot = await world.lot(100n);
      world.wallet.unseen.set(SOL, -1n);
      await look();
      world.wallet.slot += 100n;
      await Promise.all(Array.from({ length: 8 }, () => look()));
      expect(await namesOf(lot)).toEqual(["MINT_FROZEN"]);
    });

    test("where a lot is not as it was seen, the older ones are not touched", async () => {
      const [oldest, middle, newest] = await threeLots();
      take("by hand", 350n);
      await look();
      world.wallet.slot += 100n;
      const { writeOff } = world.deps.shortages;
      const racing: typeof writeOff = async (each) => {
        if (each.lot.position.positionId === newest.position.positionId) await world.fire(newest);
        return writeOff(each);
      };
      await look({ shortages: { ...world.deps.shortages, writeOff: racing } });
      expect(await Promise.all([oldest, middle, newest].map(heldBy))).toEqual([100n, 200n, 300n]);
    });

    test("a draft and a write-off of the same lot: one of them is too late", async () => {
      for (let round = 0; round < 5; round++) {
        const lot = await world.lot(100n);
        const exit = await world.fire(lot);
        const before = await world.deps.shortages.books(world.accountId, SOL);
        const [part] = before.lots;
        if (!part) return expect.unreachable();
        const parts = {
          accountId: world.accountId,
          mint: SOL,
          lot: part,
          amount: amount(100n),
          events: [],
          at: world.clock.now(),
        };
        const [drafted, gone] = await Promise.all([world.draft(exit), world.deps.shortages.writeOff(parts)]);
        expect([drafted, gone].filter(Boolean)).toHaveLength(1);
        if (drafted) {
          await world.stores.attempts.abandon(`${exit.trade.tradeId}.1`, null);
          const [again] = (await world.deps.shortages.books(world.accountId, SOL)).lots;
          expect(again && (await world.deps.shortages.writeOff({ ...parts, lot: again }))).toBe(true);
        }
      }
    });

    test("a lot that holds something else than was seen is not written off", async () => {
      const lot = await world.lot(100n);
      const [seen] = (await world.deps.shortages.books(world.accountId, SOL)).lots;
      if (!seen) return expect.unreachable();
      const part = { lot: seen, amount: amount(30n), events: [], at: world.clock.now() };
      const write = () => world.deps.shortages.writeOff({ accountId: world.accountId, mint: SOL, ...part });
      expect([await write(), await write(), await heldBy(lot)]).toEqual([true, false, 70n]);
    });

    test("a look that took long changes nothing of what was seen since", async () => {
      const { accountId } = world;
      const at = (slot: bigint) => ({ accountId, mint: SOL, slot, at: world.clock.now() });
      expect(await world.deps.shortages.sight(at(20n), amount(5n))).toBe(true);
      expect(await world.deps.shortages.agree(at(19n))).toBe(false);
      expect(await world.deps.shortages.sight(at(20n), amount(6n))).toBe(false);
      expect(await sighting()).toMatchObject({ amount: 5n, slot: 20n, agreedSlot: null });
    });

    test("an attempt that was made since the lot was seen keeps it from being written off", async () => {
      const lot = await world.lot(100n);
      const exit = await world.fire(lot);
      const [seen] = (await world.deps.shortages.books(world.accountId, SOL)).lots;
      if (!seen) return expect.unreachable();
      const parts = {
        accountId: world.accountId,
        mint: SOL,
        lot: seen,
        amount: amount(1n),
        events: [],
        at: world.clock.now(),
      };
      await world.draft(exit);
      expect(await world.deps.shortages.writeOff(parts)).toBe(false);
      expect(await heldBy(lot)).toBe(100n);
    });

    test("side `sell` is missing quote, and its base is inventory", async () => {
      world.wallet.unseen.set(SOL, 10n ** 12n);
      const lot = await world.lot(14_000_000n, "sell");
      await look();
      await look({}, USDC);
      expect([await sighting(SOL), await sighting(USDC)]).toMatchObject([null, { amount: 0n }]);
      world.wallet.move("by hand", [[USDC, -14_000_000n]]);
      await look({}, USDC);
      world.wallet.slot += 100n;
      await look({}, USDC);
      expect([await statusOf(lot), await namesOf(lot)]).toEqual(["closed", ["position_closed", "CLOSED_EXTERNALLY"]]);
    });

    test("the schedule and a duplicated message find the same, once", async () => {
      const lot = await world.lot(100n);
      take("by hand", 100n);
      const { tradeId } = lot.trade;
      expect(await reconcileTrades(world.deps, [tradeId, tradeId])).toEqual([]);
      expect(world.queues.sent).toEqual([{ queue: "reconcile", tradeId, delaySeconds: 30 }]);
      world.wallet.slot += 100n;
      await Promise.all([reconcileAll(world.deps), reconcileTrades(world.deps, [tradeId])]);
      expect(await namesOf(lot)).toEqual(["position_closed", "CLOSED_EXTERNALLY"]);
    });

    test("a message whose questions were not answered comes again", async () => {
      const { trade } = await world.lot(100n);
      world.wallet.lag = 50n;
      expect(await reconcileTrades(world.deps, [trade.tradeId, "trd_of_nobody"])).toEqual([trade.tradeId]);
    });
  });
}
