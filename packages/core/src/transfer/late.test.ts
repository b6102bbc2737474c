/** A transfer that was taken for dead, and what is told of it before the next one is paid. */
import { expect, test } from "vitest";
import { FakeClock, fakeLog } from "../../testing/fakes.ts";
import { AT, units } from "../../testing/given.ts";
import { MemoryDatabase } from "../../testing/memory/database.ts";
import { memoryStores } from "../../testing/memory/stores.ts";
import type { LandedTransaction } from "../solana/fill.ts";
import type { SignatureStatus } from "../solana/rpc.ts";
import { checkLate } from "./late.ts";

const account = { accountId: "acc_1", wallet: "wallet" };

const LANDED: LandedTransaction = {
  slot: 7n,
  error: null,
  feeLamports: 5_100n,
  accounts: ["wallet"],
  preLamports: [1_000_000n],
  postLamports: [900_000n],
  preTokens: [],
  postTokens: [],
  logs: [],
};

async function world(status: SignatureStatus | null) {
  const { accounts, transfers } = memoryStores(new MemoryDatabase());
  const [clock, log] = [new FakeClock(), fakeLog()];
  await accounts.add(account, AT);
  const facts = { transferId: "tfr_1", accountId: "acc_1", kind: "wrap" as const, mint: null, destination: null };
  const asked = { requestedBy: "ann", authorization: null, amount: units(94_900), plannedAt: AT };
  await transfers.plan({ ...facts, ...asked, funds: { balance: 1_000_000n, at: AT } });
  const draft = { message: "message", blockhash: "blockhash", lastValidBlockHeight: 1n, draftedAt: AT };
  await transfers.draft("tfr_1", draft);
  await transfers.sign("tfr_1", "message", "sig", AT);
  await transfers.expire("tfr_1", AT);
  const rpc = {
    statuses: async (asked: readonly string[]) => ({ slot: 9n, statuses: asked.map(() => status) }),
    transaction: async () => LANDED,
  };
  return { clock, log, transfers, check: () => checkLate({ clock, log, account, transfers, rpc }) };
}

test("what is not on the chain is nobody's concern", async () => {
  const { check, transfers } = await world(null);
  await check();
  expect(await transfers.find("tfr_1")).toMatchObject({ status: "expired" });
});

test("what has landed is booked, and told before anything else is paid", async () => {
  const { check, transfers, log } = await world({ commitment: "finalized", slot: 7n, error: null });
  await expect(check()).rejects.toThrow("the wrap tfr_1 was taken for dead and has landed: ask again if");
  expect(await transfers.find("tfr_1")).toMatchObject({ status: "final", slot: 7n, lamportsChange: -100_000n });
  expect(log.lines).toContain("transfer_landed_late");
  await check();
});

test("what has landed and is not final is waited for", async () => {
  const { check, transfers } = await world({ commitment: "confirmed", slot: 7n, error: null });
  await expect(check()).rejects.toThrow("has landed: wait until it is final");
  expect(await transfers.find("tfr_1")).toMatchObject({ status: "expired" });
});

test("after a day nobody asks any more", async () => {
  const { check, clock } = await world({ commitment: "finalized", slot: 7n, error: null });
  await clock.sleep(24 * 60 * 60 * 1000 + 1);
  await check();
});
