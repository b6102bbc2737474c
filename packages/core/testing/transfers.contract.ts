/** What every implementation of the stores must do with transfers and with where they may go. */
import { beforeAll, describe, expect, test } from "vitest";
import { MARKET_SEED } from "../src/market/market.ts";
import type { Destination } from "../src/transfer/destination.ts";
import { DESTINATION_DELAY_MS } from "../src/transfer/destination.ts";
import type { TransferPlan } from "../src/transfer/transfer.store.ts";
import type { TransferDraft } from "../src/transfer/transfer.ts";
import { AT, SOL_USDC, units } from "./given.ts";
import { givenIn, HOLDING, later, type Stores, unique } from "./stores.given.ts";

const [SOL, USDC] = [SOL_USDC.baseMint, SOL_USDC.quoteMint];

/** A day before everything else happens here. */
const DAY_BEFORE = new Date(AT.getTime() - DESTINATION_DELAY_MS);

const LANDING = { feeLamports: units(5_100), lamportsChange: -5_100n, slot: 2_000n };

export function transfersContract(name: string, open: () => Promise<Stores>): void {
  describe(`transfers, ${name}`, () => {
    let stores: Stores;

    beforeAll(async () => {
      stores = await open();
      await stores.markets.seed(MARKET_SEED);
    });

    const { newAccount, plan: entry, opened, entryFinal } = givenIn(() => stores);

    const register = async (accountId: string, registeredAt = DAY_BEFORE): Promise<string> => {
      const address = unique("address");
      const usableAt = new Date(registeredAt.getTime() + DESTINATION_DELAY_MS);
      const registration = { accountId, address, label: "cold", registeredBy: "ann", registeredAt, usableAt };
      expect(await stores.destinations.register({ ...registration, authorization: "seal" })).toBe(true);
      return address;
    };

    const planOf = (accountId: string, over: Partial<TransferPlan> = {}): TransferPlan => ({
      transferId: unique("tfr"),
      accountId,
      kind: "wrap",
      mint: null,
      amount: units(100),
      destination: null,
      requestedBy: "ann",
      authorization: null,
      plannedAt: AT,
      funds: { balance: 1_000n, at: AT },
      ...over,
    });

    const withdrawal = async (accountId: string, over: Partial<TransferPlan> = {}): Promise<TransferPlan> =>
      planOf(accountId, {
        kind: "withdraw",
        mint: SOL,
        destination: over.destination ?? (await register(accountId)),
        authorization: "seal",
        ...over,
      });

    const planned = async (plan: TransferPlan): Promise<string> => {
      expect(await stores.transfers.plan(plan)).toEqual({ outcome: "planned" });
      return plan.transferId;
    };

    const draftAt = (draftedAt: Date): TransferDraft => ({
      message: unique("message"),
      blockhash: "blockhash",
      lastValidBlockHeight: 500n,
      draftedAt,
    });

    const drafted = async (transferId: string, draft = draftAt(AT)): Promise<TransferDraft> => {
      expect(await stores.transfers.draft(transferId, draft)).toBe(true);
      return draft;
    };

    const live = async (plan: TransferPlan): Promise<string> => {
      const { message } = await drafted(await planned(plan));
      const signature = unique("sig");
      expect(await stores.transfers.sign(plan.transferId, message, signature, later(1))).toBe(true);
      return signature;
    };

    const found = async (transferId: string) =>
      (await stores.transfers.find(transferId)) ?? expect.unreachable(`${transferId} is there`);

    describe("where money may go", () => {
      test("is registered once, and told with who registered it", async () => {
        const accountId = await newAccount();
        const address = await register(accountId);
        const row: Destination = {
          accountId,
          address,
          label: "cold",
          registeredBy: "ann",
          registeredAt: DAY_BEFORE,
          usableAt: AT,
          authorization: "seal",
          revokedBy: null,
          revokedAt: null,
        };
        expect(await stores.destinations.find(accountId, address)).toEqual(row);
        const again = { ...row, registeredAt: AT, usableAt: later(86_400) };
        expect(await stores.destinations.register(again)).toBe(false);
        expect(await stores.destinations.all(accountId)).toEqual([row]);
        expect(await stores.destinations.find(await newAccount(), address)).toBeNull();
      });

      test("has a day to wait, also if the code says otherwise", async () => {
        const accountId = await newAccount();
        const early = { accountId, address: unique("address"), label: "", registeredBy: "eve", authorization: "seal" };
        const registering = stores.destinations.register({
          ...early,
          registeredAt: AT,
          usableAt: new Date(AT.getTime() + DESTINATION_DELAY_MS - 1),
        });
        await expect(registering).rejects.toThrow();
      });

      test("is revoked once, and waits another day when it is registered again", async () => {
        const accountId = await newAccount();
        const address = await register(accountId);
        expect(await stores.destinations.revoke(accountId, address, "bob", AT)).toBe(true);
        expect(await stores.destinations.revoke(accountId, address, "bob", later(1))).toBe(false);
        expect(await stores.destinations.find(accountId, address)).toBeNull();
        const plan = await withdrawal(accountId, { destination: address });
        expect(await stores.transfers.plan(plan)).toEqual({ outcome: "unusable" });

        const again = { accountId, address, label: "again", registeredBy: "ann", authorization: "seal" };
        const usableAt = new Date(later(2).getTime() + DESTINATION_DELAY_MS);
        expect(await stores.destinations.register({ ...again, registeredAt: later(2), usableAt })).toBe(true);
        expect(await stores.transfers.plan(plan)).toEqual({ outcome: "unusable" });
        expect(await stores.destinations.all(accountId)).toMatchObject([
          { label: "again", revokedAt: null },
          { label: "cold", revokedBy: "bob", revokedAt: AT },
        ]);
      });
    });

    describe("planning", () => {
      test("takes what is free and no unit more", async () => {
        const accountId = await newAccount();
        const tooMuch = await withdrawal(accountId, { amount: units(1_001) });
        expect(await stores.transfers.plan(tooMuch)).toEqual({ outcome: "no_funds", free: 1_000n });
        expect(await stores.transfers.find(tooMuch.transferId)).toBeNull();
        const { funds: _, ...facts } = await withdrawal(accountId, { amount: units(1_000) });
        await planned({ ...facts, funds: { balance: 1_000n, at: AT } });
        expect(await found(facts.transferId)).toEqual({ ...facts, status: "planned" });
      });

      test("leaves what an open position holds", async () => {
        const record = await opened();
        await entryFinal(record);
        const { accountId } = record.trade;
        const at = later(10);
        const take = (amount: bigint) =>
          withdrawal(accountId, {
            amount: units(amount),
            funds: { balance: HOLDING + 500n, at },
          });
        expect(await stores.transfers.plan(await take(501n))).toEqual({ outcome: "no_funds", free: 500n });
        await planned(await take(500n));
      });

      test("leaves what an entry has reserved", async () => {
        const accountId = await newAccount();
        const spends = entry(accountId, { amountIn: units(600) });
        expect(await stores.trades.planEntry(spends)).toEqual({ outcome: "planned" });
        const plan = await withdrawal(accountId, { mint: USDC, amount: units(401) });
        expect(await stores.transfers.plan(plan)).toEqual({ outcome: "no_funds", free: 400n });
      });

      test("reserves it from entries, until it is over and for who asked the wallet before that", async () => {
        const accountId = await newAccount();
        const plan = await withdrawal(accountId, { mint: USDC, amount: units(400) });
        const asks = (at: Date) => entry(accountId, { amountIn: units(601), funds: { balance: units(1_000), at } });
        const refusal = { outcome: "no_funds", free: 600n };
        await live(plan);
        expect(await stores.trades.planEntry(asks(AT))).toEqual(refusal);
        expect(await stores.transfers.committed(accountId, USDC, AT)).toBe(400n);
        expect(await stores.transfers.finalize(plan.transferId, LANDING, later(5))).toBe(true);
        expect(await stores.trades.planEntry(asks(later(5)))).toEqual(refusal);
        expect(await stores.trades.planEntry(asks(later(6)))).toEqual({ outcome: "planned" });
      });

      test("beside an entry at the same moment: what is enough for one of them, one of them gets", async () => {
        for (let round = 0; round < 5; round++) {
          const accountId = await newAccount();
          const funds = { balance: units(1_000), at: AT };
          const takes = await withdrawal(accountId, { mint: USDC, amount: units(600), funds });
          const spends = entry(accountId, { amountIn: units(600), funds });
          const answers = await Promise.all([stores.transfers.plan(takes), stores.trades.planEntry(spends)]);
          expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual(["no_funds", "planned"]);
        }
      });

      test("of lamports or of another mint reserves nothing of this one", async () => {
        const accountId = await newAccount();
        await planned(await withdrawal(accountId, { mint: null, amount: units(400) }));
        expect(await stores.transfers.committed(accountId, SOL, AT)).toBe(0n);
        expect(await stores.transfers.committed(accountId, USDC, AT)).toBe(0n);
      });

      test("asks for a destination that is usable at that moment, of its own account", async () => {
        const accountId = await newAccount();
        const plan = (over: Partial<TransferPlan>) => withdrawal(accountId, over).then(stores.transfers.plan);
        const young = await register(accountId, new Date(DAY_BEFORE.getTime() + 60_000));
        expect(await plan({ destination: young, plannedAt: later(59) })).toEqual({ outcome: "unusable" });
        expect(await plan({ destination: "nowhere" })).toEqual({ outcome: "unusable" });
        const foreign = await register(await newAccount());
        expect(await plan({ destination: foreign })).toEqual({ outcome: "unusable" });
        expect(await plan({ destination: young, plannedAt: later(60) })).toEqual({ outcome: "planned" });
      });

      test("closes no account of a market with a live position", async () => {
        const { trade } = await opened();
        const reclaims = (mint: TransferPlan["mint"]) => planOf(trade.accountId, { kind: "reclaim_rent", mint });
        expect(await stores.transfers.plan(reclaims(USDC))).toEqual({ outcome: "in_use" });
        expect(await stores.transfers.plan(reclaims(SOL))).toEqual({ outcome: "in_use" });
        const other = MARKET_SEED.find(({ baseMint }) => baseMint !== SOL) ?? expect.unreachable("a second market");
        await planned(reclaims(other.baseMint));
      });

      test("is one at a time per account, also of many at once", async () => {
        const [accountId, another] = [await newAccount(), await newAccount()];
        const answers = await Promise.all(Array.from({ length: 8 }, () => stores.transfers.plan(planOf(accountId))));
        expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual([...Array(7).fill("busy"), "planned"]);
        expect(await stores.transfers.plan(planOf(another))).toEqual({ outcome: "planned" });
        const unfinished = (await stores.transfers.unfinished(accountId)) ?? expect.unreachable("one is unfinished");
        await stores.transfers.refuse(unfinished.transferId, "not now", later(1));
        expect(await stores.transfers.unfinished(accountId)).toBeNull();
        await planned(planOf(accountId, { plannedAt: later(2) }));
        expect((await stores.transfers.list(accountId, 10)).map(({ status }) => status)).toEqual([
          "planned",
          "refused",
        ]);
        expect(await stores.transfers.list(accountId, 1)).toHaveLength(1);
      });
    });

    describe("what is signed", () => {
      test("is the draft that is there, while it is young", async () => {
        const plan = planOf(await newAccount());
        const { message } = await drafted(await planned(plan));
        const sign = (text: string, seconds: number) =>
          stores.transfers.sign(plan.transferId, text, `signature of ${plan.transferId}`, later(seconds));
        expect(await sign("another message", 1)).toBe(false);
        expect(await sign(message, 15)).toBe(false);
        expect(await sign(message, 14.999)).toBe(true);
        expect(await sign(message, 14.999)).toBe(false);
        expect(await found(plan.transferId)).toMatchObject({ status: "live", message, signedAt: later(14.999) });
      });

      test("is drafted again only when it is not signed any more, and then the old draft is not", async () => {
        const plan = planOf(await newAccount());
        const { message } = await drafted(await planned(plan));
        expect(await stores.transfers.draft(plan.transferId, draftAt(later(14.999)))).toBe(false);
        const second = await drafted(plan.transferId, draftAt(later(15)));
        expect(await stores.transfers.sign(plan.transferId, message, unique("sig"), later(16))).toBe(false);
        expect(await stores.transfers.sign(plan.transferId, second.message, unique("sig"), later(16))).toBe(true);
        expect(await stores.transfers.draft(plan.transferId, draftAt(later(100)))).toBe(false);
      });

      test("goes nowhere once its destination is revoked", async () => {
        const accountId = await newAccount();
        const plan = await withdrawal(accountId);
        const { message } = await drafted(await planned(plan));
        await stores.destinations.revoke(accountId, plan.destination ?? "", "bob", AT);
        expect(await stores.transfers.sign(plan.transferId, message, unique("sig"), later(1))).toBe(false);
        expect(await found(plan.transferId)).toMatchObject({ status: "drafted" });
      });

      test("has a signature that no other transfer has", async () => {
        const signature = await live(planOf(await newAccount()));
        const plan = planOf(await newAccount());
        const { message } = await drafted(await planned(plan));
        expect(await stores.transfers.sign(plan.transferId, message, signature, later(1))).toBe(false);
      });

      test("is known as ours", async () => {
        const signature = await live(planOf(await newAccount()));
        expect(await stores.shortages.own([signature, "foreign"])).toEqual(new Set([signature]));
      });
    });

    describe("an end", () => {
      test.each([
        ["final", (id: string) => stores.transfers.finalize(id, LANDING, later(9)), LANDING],
        [
          "errored",
          (id: string) => stores.transfers.fail(id, "6001", LANDING, later(9)),
          { ...LANDING, error: "6001" },
        ],
        ["expired", (id: string) => stores.transfers.expire(id, later(9)), {}],
      ] as const)("of what is live is %s, once, and no other", async (status, end, told) => {
        const plan = planOf(await newAccount());
        const { transferId } = plan;
        await planned(plan);
        expect(await end(transferId)).toBe(false);
        const { message } = await drafted(transferId);
        expect(await end(transferId)).toBe(false);
        await stores.transfers.sign(transferId, message, unique("sig"), later(1));
        expect(await stores.transfers.refuse(transferId, "too late", later(2))).toBe(false);
        expect(await end(transferId)).toBe(true);
        expect(await found(transferId)).toMatchObject({ ...told, status, endedAt: later(9) });
        expect(await stores.transfers.expire(transferId, later(10))).toBe(false);
        if (status === "expired") return;
        expect(await stores.transfers.finalize(transferId, LANDING, later(10))).toBe(false);
        expect(await stores.transfers.fail(transferId, "", LANDING, later(10))).toBe(false);
      });

      test("of what was taken for dead and landed is what the chain says", async () => {
        const dead = async (): Promise<string> => {
          const plan = planOf(await newAccount());
          await live(plan);
          expect(await stores.transfers.expire(plan.transferId, later(5))).toBe(true);
          return plan.transferId;
        };
        const [landed, errored] = [await dead(), await dead()];
        expect(await stores.transfers.finalize(landed, LANDING, later(9))).toBe(true);
        expect(await found(landed)).toMatchObject({ ...LANDING, status: "final", endedAt: later(9) });
        expect(await stores.transfers.fail(errored, "6001", LANDING, later(9))).toBe(true);
        expect(await found(errored)).toMatchObject({ ...LANDING, status: "errored", error: "6001" });
      });

      test("of what is not signed is a refusal, and then it is not signed", async () => {
        const plan = planOf(await newAccount());
        const { message } = await drafted(await planned(plan));
        expect(await stores.transfers.refuse(plan.transferId, "it would fail", later(1))).toBe(true);
        expect(await stores.transfers.sign(plan.transferId, message, unique("sig"), later(2))).toBe(false);
        expect(await found(plan.transferId)).toMatchObject({ status: "refused", error: "it would fail" });
      });
    });
  });
}
