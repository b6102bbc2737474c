/** What the key does not sign, whoever wrote the rows, and whatever the operator's own command believed. */
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../testing/fakes.ts";
import { AT, SOL_USDC, units } from "../../testing/given.ts";
import { MemoryDatabase } from "../../testing/memory/database.ts";
import { memoryStores } from "../../testing/memory/stores.ts";
import type { Stores } from "../../testing/stores.given.ts";
import { configFrom } from "../config.ts";
import { MARKET_SEED } from "../market/market.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../solana/firewall/addresses.ts";
import type { ChainAccount } from "../solana/firewall/node.ts";
import { keypairKey } from "../solana/keypair-key.ts";
import { tokenAccounts } from "../solana/token-account.ts";
import { buildMessage } from "../solana/transaction.ts";
import { authorizeDestination, authorizeWithdrawal } from "./authority.ts";
import { DESTINATION_DELAY_MS } from "./destination.ts";
import { instructionsOf } from "./instructions.ts";
import { type SignTransferDeps, signTransfer } from "./sign-transfer.ts";
import type { TransferFacts } from "./transfer.ts";

const keypair = Keypair.fromSeed(Buffer.alloc(32, "wallet"));
const WALLET = keypair.publicKey.toBase58();
const COLD = Keypair.fromSeed(Buffer.alloc(32, "cold")).publicKey.toBase58();
const USDC = SOL_USDC.quoteMint;
const TOKEN = { program: TOKEN_PROGRAM, decimals: 6 };
const KEY = "the withdraw key";
const CONFIG = configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" });
const DAY_BEFORE = new Date(AT.getTime() - DESTINATION_DELAY_MS);

let stores: Stores;
let clock: FakeClock;
let chain: Map<string, ChainAccount>;
let deps: SignTransferDeps;

beforeEach(async () => {
  stores = memoryStores(new MemoryDatabase());
  clock = new FakeClock();
  await stores.markets.seed(MARKET_SEED);
  await stores.accounts.add({ accountId: "acc_1", wallet: WALLET }, AT);
  chain = new Map([
    [WALLET, { owner: SYSTEM_PROGRAM, lamports: 1_000_000_000n, data: Buffer.alloc(0) }],
    [USDC, { owner: TOKEN_PROGRAM, lamports: 1n, data: Buffer.alloc(82).fill(6, 44, 45).fill(1, 45, 46) }],
  ]);
  holds(1_000_000n);
  const accounts = async (addresses: readonly string[]) => ({
    slot: 1n,
    accounts: addresses.map((address) => chain.get(address) ?? null),
  });
  deps = {
    ...stores,
    clock,
    config: CONFIG,
    firewall: { node: { accounts } },
    withdrawKey: KEY,
    key: keypairKey(keypair.secretKey),
  };
});

/** The wallet's account of USDC. */
function holds(amount: bigint): void {
  const data = Buffer.alloc(165);
  data.set(bs58.decode(USDC), 0);
  data.set(bs58.decode(WALLET), 32);
  data.writeBigUInt64LE(amount, 64);
  data.writeUInt8(1, 108);
  chain.set(tokenAccounts(WALLET, USDC)[0], { owner: TOKEN_PROGRAM, lamports: 2_039_280n, data });
}

async function register(registeredAt = DAY_BEFORE, key = KEY): Promise<void> {
  const named = { accountId: "acc_1", address: COLD, registeredBy: "ann", registeredAt };
  const usableAt = new Date(registeredAt.getTime() + DESTINATION_DELAY_MS);
  const authorization = authorizeDestination(key, named);
  expect(await stores.destinations.register({ ...named, label: "cold", usableAt, authorization })).toBe(true);
}

const WITHDRAWAL: TransferFacts = {
  transferId: "tfr_1",
  accountId: "acc_1",
  kind: "withdraw",
  mint: USDC,
  amount: units(1_000_000),
  destination: COLD,
  requestedBy: "ann",
  authorization: null,
  plannedAt: AT,
};

const sealed = (facts: TransferFacts, key = KEY): TransferFacts => ({
  ...facts,
  authorization: authorizeWithdrawal(key, facts),
});

/** Planned at a moment at which its destination may have been usable, and drafted now, as `built` says. */
async function drafted(
  facts = sealed(WITHDRAWAL),
  built: Partial<TransferFacts> = {},
  plannedAt = AT,
): Promise<string> {
  const plan = { ...facts, plannedAt, funds: { balance: 10n ** 15n, at: AT } };
  expect(await stores.transfers.plan(plan)).toEqual({ outcome: "planned" });
  const message = buildMessage({
    wallet: WALLET,
    blockhash: COLD,
    instructions: await instructionsOf({ ...facts, ...built }, WALLET, facts.mint === null ? null : TOKEN),
    lookupTables: [],
    attemptId: facts.transferId,
    computeBudget: { unitLimit: 50_000, unitPriceMicroLamports: 10_000n },
  });
  const draft = { message, blockhash: COLD, lastValidBlockHeight: 1n, draftedAt: clock.now() };
  expect(await stores.transfers.draft(facts.transferId, draft)).toBe(true);
  return message;
}

const sign = () => signTransfer(deps, "tfr_1");

async function expectRefused(rule: string, reason: RegExp): Promise<void> {
  expect(await sign()).toMatchObject({ outcome: "refused", rule, reason: expect.stringMatching(reason) });
  expect(await stores.transfers.find("tfr_1")).toMatchObject({ status: "drafted" });
}

test("what is allowed is signed once, and told again to whoever asks again", async () => {
  await register();
  const message = await drafted();
  const signature = await deps.key.sign(message);
  expect(await sign()).toEqual({ outcome: "signed", signature });
  expect(await stores.transfers.find("tfr_1")).toMatchObject({ status: "live", signature });
  await stores.destinations.revoke("acc_1", COLD, "bob", AT);
  expect(await sign()).toEqual({ outcome: "signed", signature });
});

describe("a destination", () => {
  test("is usable after 24 hours to the millisecond, by the signer's own clock", async () => {
    await register(new Date(DAY_BEFORE.getTime() + 1));
    await drafted(undefined, {}, new Date(AT.getTime() + 1));
    await expectRefused("destination", /is registered since .*: usable from 2026-03-01T12:00:00.001Z on/);
    await clock.sleep(1);
    expect(await sign()).toMatchObject({ outcome: "signed" });
  });

  test("that was registered a minute short of a day ago is not usable", async () => {
    await register(new Date(DAY_BEFORE.getTime() + 60_000));
    await drafted(undefined, {}, new Date(AT.getTime() + 60_000));
    await expectRefused("destination", /usable from/);
  });

  test("that was revoked is none", async () => {
    await register();
    await drafted();
    await stores.destinations.revoke("acc_1", COLD, "bob", AT);
    await expectRefused("destination", /is not registered, or revoked/);
  });

  test("that somebody wrote into the database is none", async () => {
    await register(DAY_BEFORE, "a guess");
    await drafted();
    await expectRefused("destination", /was not registered with the withdraw key/);
  });
});

describe("a withdrawal", () => {
  test.each([
    ["by nobody with the key", { authorization: null }],
    ["with another key", sealed(WITHDRAWAL, "a guess")],
    ["of another amount", { ...sealed(WITHDRAWAL), amount: units(999_999) }],
    ["by another name", { ...sealed(WITHDRAWAL), requestedBy: "eve" }],
  ])("that was asked for %s is not signed", async (_, over) => {
    await register();
    await drafted({ ...WITHDRAWAL, ...over });
    await expectRefused("authority", /was not asked for with the withdraw key/);
  });

  test("is not signed where there is no withdraw key", async () => {
    await register();
    await drafted();
    deps = { ...deps, withdrawKey: null };
    await expectRefused("authority", /has no withdraw key/);
  });

  test("is not signed when the wallet has lost what was free", async () => {
    await register();
    await drafted();
    holds(999_999n);
    await expectRefused("free", /the wallet holds 999999 of .*: with it 1000000 are spoken for/);
    holds(1_000_000n);
    expect(await sign()).toMatchObject({ outcome: "signed" });
  });

  test("is not signed when its account may be moved by somebody else", async () => {
    await register();
    await drafted();
    const [address] = tokenAccounts(WALLET, USDC);
    const account = chain.get(address) ?? expect.unreachable("it is there");
    Buffer.from(account.data.buffer, account.data.byteOffset).writeUInt32LE(1, 72);
    await expectRefused("authority", /somebody else may move or close it/);
  });

  test("of lamports leaves what pays for exits", async () => {
    await register();
    const free = 1_000_000_000n - 100_000_000n - 4_000_000n;
    const facts = { ...WITHDRAWAL, mint: null, amount: units(free) };
    await drafted(sealed(facts));
    chain.set(WALLET, { owner: SYSTEM_PROGRAM, lamports: 999_999_999n, data: Buffer.alloc(0) });
    await expectRefused("free", /it takes 896000000 of 999999999 lamports: 895999999 are free/);
    chain.set(WALLET, { owner: SYSTEM_PROGRAM, lamports: 1_000_000_000n, data: Buffer.alloc(0) });
    expect(await sign()).toMatchObject({ outcome: "signed" });
  });

  test("is what its row says, to the unit and the address", async () => {
    await register();
    await drafted(undefined, { amount: units(1_000_001) });
    await expectRefused("transfer", /is not what is recorded/);
  });

  test("of another wallet is not this key's", async () => {
    await register();
    await drafted();
    deps = { ...deps, key: { ...deps.key, wallet: COLD } };
    await expectRefused("wallet", /the key is/);
  });
});

test("rent is reclaimed from an account that is empty now", async () => {
  const facts = { ...WITHDRAWAL, kind: "reclaim_rent" as const, destination: null, amount: units(2_039_280) };
  holds(1n);
  await drafted(facts);
  await expectRefused("free", /holds 1, or is not there/);
  holds(0n);
  expect(await sign()).toMatchObject({ outcome: "signed" });
});

test("what is not there, not drafted, or drafted too long ago is not signed", async () => {
  expect(await sign()).toMatchObject({ outcome: "refused", rule: "known_transfer" });
  await register();
  await drafted();
  await clock.sleep(15_000);
  expect(await sign()).toEqual({ outcome: "unwanted", reason: "the draft of tfr_1 is too old" });
  await stores.transfers.refuse("tfr_1", "not now", clock.now());
  expect(await sign()).toEqual({ outcome: "unwanted", reason: "transfer tfr_1 is refused" });
});
