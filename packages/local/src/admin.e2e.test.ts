/** The operator takes money out: a day after its destination was registered, once, and never what a position holds. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Admin, connectAdmin } from "@backstop/admin/connect";
import type { Command } from "@backstop/admin/options";
import { run } from "@backstop/admin/run";
import { MARKET_SEED, marketOf } from "@backstop/core/market/market";
import { type Mint, WRAPPED_SOL } from "@backstop/core/market/mint";
import { amount, formatAmount } from "@backstop/core/money/amount";
import { tokenAccounts } from "@backstop/core/solana/token-account";
import { DESTINATION_DELAY_MS } from "@backstop/core/transfer/destination";
import { driveTransfer } from "@backstop/core/transfer/execute";
import { requestWithdrawal } from "@backstop/core/transfer/request";
import { Keypair, PublicKey } from "@solana/web3.js";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { clock, ids, log } from "../../../functions/system.ts";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";
import { toldWhenOver } from "../testing/told.ts";

vi.setConfig({ testTimeout: 60_000 });

let scenario: Scenario;
let admin: Admin;
beforeAll(async () => {
  scenario = await openScenario({ seed: "admin", logs: "admin" });
  Object.assign(process.env, scenario.local.environment);
  admin = await connectAdmin(scenario.local.environment, { clock, ids, log });
});
afterEach(() => scenario.faults.calm());
afterAll(() => scenario.stop());

const USDC = marketOf(MARKET_SEED, "SOL/USDC").quoteMint;
const JTO = marketOf(MARKET_SEED, "JTO/USDC").baseMint;

const BY = { by: "ann" };

/** Somebody whose clock goes wrong by so much. */
const off = (milliseconds: number): Admin => ({
  ...admin,
  clock: { ...clock, now: () => new Date(clock.now().getTime() + milliseconds) },
});

async function registered(by = off(-DESTINATION_DELAY_MS)): Promise<string> {
  const address = Keypair.generate().publicKey.toBase58();
  await run(by, { name: "register-destination", address, label: "cold", ...BY });
  return address;
}

const withdraw = (to: string, amount: string, asset: string): Command => ({
  name: "withdraw",
  amount,
  asset,
  to,
  ...BY,
});

const held = (wallet: string, mint: Mint) => scenario.rpc.tokens(wallet, mint, "confirmed");
const rows = () => admin.transfers.list(admin.account.accountId, 100);

const refused = async (command: Command, by = admin): Promise<string> => {
  const before = await rows();
  const error: unknown = await run(by, command).catch((each: unknown) => each);
  expect(error).toMatchObject({ name: "Refused" });
  expect(await rows()).toEqual(before);
  return (error as Error).message;
};

describe("a withdrawal", () => {
  test("lands on the chain, exactly, and is recorded with who asked", async () => {
    const to = await registered();
    const before = await held(scenario.wallet, USDC);
    const told = await run(admin, withdraw(to, "25.5", "USDC"));
    expect(told).toMatchObject({
      done: true,
      json: {
        transfer: { kind: "withdraw", status: "final", amount: "25500000", destination: to, requestedBy: "ann" },
      },
    });
    expect(await held(to, USDC)).toBe(25_500_000n);
    expect(await held(scenario.wallet, USDC)).toBe(before - 25_500_000n);
  });

  test("of lamports leaves what pays for exits", async () => {
    const to = await registered();
    expect(await run(admin, withdraw(to, "0.25", "SOL"))).toMatchObject({ done: true });
    expect(await scenario.rpc.lamports(to, "confirmed")).toBe(250_000_000n);
    const lamports = await scenario.rpc.lamports(scenario.wallet, "confirmed");
    const all = formatAmount(lamports - 100_000_000n, 9);
    const free = formatAmount(lamports - 104_000_000n, 9);
    expect(await refused(withdraw(to, all, "SOL"))).toBe(
      `a withdraw of ${all} SOL is more than the ${free} SOL that are free of ${formatAmount(lamports, 9)} SOL: 0.1 SOL and the cost stay`,
    );
  });

  test("goes nowhere that is not registered for a day, whatever the operator's own clock says", async () => {
    const to = await registered(admin);
    expect(await refused(withdraw(to, "1", "USDC"))).toMatch(/is registered since .*: usable from .* on$/);
    expect(await refused(withdraw(Keypair.generate().publicKey.toBase58(), "1", "USDC"))).toContain(
      "is not registered",
    );

    const told = await run(off(DESTINATION_DELAY_MS), withdraw(to, "1", "USDC"));
    expect(told).toMatchObject({ done: false, json: { transfer: { status: "refused" } } });
    expect(told.lines[0]).toMatch(/it was not signed, by destination: .* is registered since/);
    expect(await held(to, USDC)).toBe(0n);
  });

  test("that would fail on the chain is tried out before, and not signed", async () => {
    // Less than an account has to hold.
    const told = await run(admin, withdraw(await registered(), "0.0001", "SOL"));
    expect(told).toMatchObject({ done: false, json: { transfer: { status: "refused" } } });
    expect(told.lines[0]).toContain("it would fail: ");
  });

  test("goes nowhere that was revoked, or registered by somebody without the key", async () => {
    const to = await registered();
    await run(admin, { name: "revoke-destination", address: to, ...BY });
    expect(await refused(withdraw(to, "1", "USDC"))).toContain("is not registered");

    const forged = await registered({ ...off(-DESTINATION_DELAY_MS), withdrawKey: () => "a guess" });
    expect((await run(admin, withdraw(forged, "1", "USDC"))).lines[0]).toContain(
      "was not registered with the withdraw key",
    );
    const asked = await run({ ...admin, withdrawKey: () => "a guess" }, withdraw(await registered(), "1", "USDC"));
    expect(asked.lines[0]).toContain("was not asked for with the withdraw key");
  });

  test("takes nothing of what an open position holds", async () => {
    const to = await registered();
    const entry = await scenario.enter({ symbol: "JTO/USDC" });
    const position = await scenario.position(entry.trade.positionId);
    const balance = formatAmount(await held(scenario.wallet, JTO), 9);
    const quantity = BigInt(position.quantity.replace(".", "").padEnd(position.quantity.indexOf(".") + 9, "0"));
    const free = formatAmount((await held(scenario.wallet, JTO)) - quantity, 9);
    expect(await refused(withdraw(to, balance, "JTO"))).toBe(
      `a withdraw of ${balance} of ${JTO} is more than the ${free} of ${JTO} that are free of ${balance} of ${JTO}: the rest belongs to positions and entries`,
    );
    expect(await run(admin, withdraw(to, free, "JTO"))).toMatchObject({ done: true });
    expect(await held(scenario.wallet, JTO)).toBe(quantity);

    await scenario.faults.movePrice("JTO/USDC", 0.85);
    const told = await toldWhenOver(scenario, entry.trade);
    expect(told.position).toMatchObject({ closeReason: "trailing_stop", missing: "0", dust: "0" });
    expect(told.alarms).toEqual([]);
  });
});

describe("an operator who was interrupted", () => {
  class Interrupted extends Error {}
  const never = () => Promise.reject(new Interrupted("killed"));
  const atOnce = { ...clock, sleep: async () => {} };

  test.each([
    ["between sign and send", { send: never, finalized: never }, 0],
    ["when the bytes were out", { transaction: never }, 1],
  ] as const)("%s runs the command again, and it is paid once", async (_, rpc, sent) => {
    const to = await registered();
    const asked = {
      mint: USDC,
      amount: amount(7_000_000n),
      destination: to,
    };
    const { transferId } = await requestWithdrawal(admin, asked, "ann", admin.withdrawKey());
    const killed = { ...admin, clock: sent === 0 ? atOnce : clock, rpc: { ...admin.rpc, ...rpc } };
    await expect(driveTransfer(killed, transferId)).rejects.toThrow(Interrupted);
    expect(await admin.transfers.find(transferId)).toMatchObject({ status: "live" });
    const other = withdraw(to, "8", "USDC");
    expect(await refused(other)).toContain(`${transferId} is still live: at most 1 is on its way`);

    expect(await run(admin, withdraw(to, "7", "USDC"))).toMatchObject({
      done: true,
      json: { transfer: { transferId } },
    });
    expect(await held(to, USDC)).toBe(7_000_000n);
    expect((await rows()).filter(({ destination }) => destination === to)).toHaveLength(1);
  });

  test("for so long that it cannot land any more pays nothing, and that is proven before it is asked for again", async () => {
    const to = await registered();
    const asked = {
      mint: USDC,
      amount: amount(7_000_000n),
      destination: to,
    };
    const { transferId } = await requestWithdrawal(admin, asked, "ann", admin.withdrawKey());
    const killed = { ...admin, clock: atOnce, rpc: { ...admin.rpc, send: never, finalized: never } };
    await expect(driveTransfer(killed, transferId)).rejects.toThrow(Interrupted);
    const { slot } = await scenario.rpc.finalized();
    await scenario.until("its blockhash is gone", async () => (await scenario.rpc.finalized()).slot > slot + 220n);
    expect(await run(admin, { name: "transfers", resume: true })).toMatchObject({
      done: false,
      json: { transfer: { transferId, status: "expired" } },
    });
    expect(await held(to, USDC)).toBe(0n);
  });
});

describe("wrapped SOL", () => {
  test("is wrapped and unwrapped to the lamport", async () => {
    const before = await held(scenario.wallet, WRAPPED_SOL);
    expect(await run(admin, { name: "wrap", amount: "0.5", ...BY })).toMatchObject({ done: true });
    expect(await held(scenario.wallet, WRAPPED_SOL)).toBe(before + 500_000_000n);
    expect(await run(admin, { name: "unwrap", amount: "0.75", ...BY })).toMatchObject({ done: true });
    expect(await held(scenario.wallet, WRAPPED_SOL)).toBe(before - 250_000_000n);
    const unwrap = (await rows()).find(({ kind }) => kind === "unwrap");
    const { feeLamports, lamportsChange } = unwrap?.status === "final" ? unwrap : expect.unreachable("it is final");
    expect(lamportsChange).toBe(750_000_000n - feeLamports);
  });

  test("of a position stays wrapped", async () => {
    const entry = await scenario.enter({ symbol: "SOL/USDC" });
    const balance = formatAmount(await held(scenario.wallet, WRAPPED_SOL), 9);
    expect(await refused({ name: "unwrap", amount: balance, ...BY })).toContain("the rest belongs to positions");
    await scenario.faults.movePrice("SOL/USDC", 0.85);
    expect(await scenario.over(entry.trade.positionId)).toMatchObject({ missing: "0", dust: "0" });
  });
});

test("rent comes back from empty accounts, and from no other", async () => {
  // Its position has been sold, and what else there was of it withdrawn.
  expect(await held(scenario.wallet, JTO)).toBe(0n);
  const [account] = tokenAccounts(scenario.wallet, JTO);
  const rent = await scenario.rpc.lamports(account, "confirmed");
  expect(rent).toBeGreaterThan(0n);
  const told = await run(admin, { name: "reclaim-rent", ...BY });
  expect(told).toMatchObject({ done: true, json: { kept: [], reclaimedLamports: String(rent) } });
  expect(await scenario.rpc.lamports(account, "confirmed")).toBe(0n);
});

describe("registering", () => {
  const register = (address: string) => refused({ name: "register-destination", address, label: "x", ...BY });

  test("takes a wallet and nothing else", async () => {
    expect(await register(scenario.wallet)).toBe(`${scenario.wallet} is the wallet itself`);
    const [account] = tokenAccounts(scenario.wallet, USDC);
    expect(await register(account)).toBe(`${account} is a token account or a mint: register a wallet`);
    expect(await register(USDC)).toContain("is a token account or a mint");
    expect(await register("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")).toContain("is a program");
    const [derived] = PublicKey.findProgramAddressSync([Buffer.from("nobody")], new PublicKey(USDC));
    expect(await register(derived.toBase58())).toContain("is off the curve and no system account");
    expect(await register("elsewhere")).toBe('"elsewhere" is no address: 32 bytes in base58');
    const to = await registered();
    expect(await register(to)).toContain("is registered already");
  });

  test("asks for the withdraw key of the deployment", async () => {
    const { WITHDRAW_KEY_DIGEST: _, ...without } = scenario.local.environment;
    const attempts = [
      [{ ...scenario.local.environment, BACKSTOP_WITHDRAW_KEY: "" }, "BACKSTOP_WITHDRAW_KEY is not set"],
      [{ ...scenario.local.environment, BACKSTOP_WITHDRAW_KEY: "a guess" }, "is not the withdraw key"],
      [without, "WITHDRAW_KEY_DIGEST is not set"],
    ] as const;
    for (const [environment, sentence] of attempts) {
      const keyless = await connectAdmin(environment, { clock, ids, log });
      const address = Keypair.generate().publicKey.toBase58();
      expect(await refused({ name: "register-destination", address, label: "x", ...BY }, keyless)).toContain(sentence);
      expect(await refused(withdraw(address, "1", "USDC"), keyless)).toContain(sentence);
      expect(await refused({ name: "revoke-destination", address, ...BY }, keyless)).toContain(sentence);
    }
  });
});

test("the command line prints one object, and a refusal is one sentence and an exit code", async () => {
  const main = fileURLToPath(new URL("../../admin/src/main.ts", import.meta.url));
  const admins = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args, "--json"]);
  const { stdout } = await admins("deposit-address", "--symbol", "USDC");
  const [account] = tokenAccounts(scenario.wallet, USDC);
  expect(JSON.parse(stdout)).toEqual({ wallet: scenario.wallet, mint: USDC, tokenAccount: account });
  const nowhere = Keypair.generate().publicKey.toBase58();
  await expect(admins("withdraw", "1", "USDC", "--to", nowhere, "--by", "ann")).rejects.toMatchObject({
    code: 1,
    stdout: `${JSON.stringify({ refused: `${nowhere} is not registered: register it, and withdraw 24 hours later` })}\n`,
  });
});

test("afterwards the rows say what the wallet holds, to the base unit", async () => {
  const tokens = new Map<string, bigint>();
  const add = (mint: Mint, amount: bigint) => tokens.set(mint, (tokens.get(mint) ?? 0n) + amount);
  let lamports = 0n;
  for (const transfer of await rows()) {
    if (!("lamportsChange" in transfer)) continue;
    lamports += transfer.lamportsChange;
    if (transfer.status !== "final") continue;
    if (transfer.kind === "wrap") add(WRAPPED_SOL, transfer.amount);
    else if (transfer.kind !== "reclaim_rent" && transfer.mint !== null) add(transfer.mint, -transfer.amount);
  }
  expect(await scenario.audit({ tokens, lamports })).toEqual(CLEAN);
});
