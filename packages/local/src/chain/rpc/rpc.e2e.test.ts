import {
  ComputeBudgetProgram,
  Connection,
  type Finality,
  Keypair,
  PublicKey,
  type SignaturesForAddressOptions,
  SystemProgram,
  TransactionInstruction,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Server } from "../../listen.ts";
import { signed } from "../../venue/testing/trader.ts";
import { Chain } from "../chain.ts";
import { createMints, fund } from "../genesis.ts";
import { MINTS, SOL, USDC } from "../mints.ts";
import { associatedTokenAddress, TOKEN_PROGRAM } from "../token.ts";
import { startRpc } from "./server.ts";

let chain: Chain;
let rpc: Server;
let connection: Connection;
let wallet: Keypair;
let receiver: PublicKey;

beforeEach(async () => {
  chain = new Chain({ seed: "rpc" });
  createMints(chain, MINTS);
  [wallet, receiver] = [Keypair.generate(), Keypair.generate().publicKey];
  const tokens = [
    { mint: USDC.address, amount: 1_234_500_000n },
    { mint: SOL.address, amount: 9_007_199_254_740_993n }, // 2^53 + 1: no float holds it
  ];
  fund(chain, wallet.publicKey, { lamports: 10_000_000_000n, tokens });
  produce(32);
  rpc = await startRpc(chain);
  connection = new Connection(rpc.url, { commitment: "confirmed", disableRetryOnRateLimit: true });
});

afterEach(() => rpc.close());

function produce(blocks: number): void {
  for (let count = 0; count < blocks; count += 1) chain.produceBlock();
}

function transfer(lamports: number, blockhash = chain.ledger.at("confirmed").blockhash): Uint8Array {
  const move = SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: receiver, lamports });
  return signed(wallet, [move], blockhash);
}

const call = async (body: unknown): Promise<unknown> =>
  (
    await fetch(rpc.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    })
  ).json();

const request = (method: string, params: unknown[] = [], id: number | string = 1) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});

const SKIP = { skipPreflight: true, maxRetries: 0 };

describe("blocks", () => {
  it("are older the higher the commitment, and slots are not heights", async () => {
    const heights = await Promise.all(
      (["processed", "confirmed", "finalized"] as const).map((commitment) => connection.getBlockHeight(commitment)),
    );
    const { height, slot } = chain.tip;
    expect(heights).toEqual([height, height - 1, height - 31]);
    expect(await connection.getSlot("processed")).toBe(slot);
    expect(await connection.getEpochInfo("processed")).toMatchObject({
      absoluteSlot: slot,
      blockHeight: height,
      slotsInEpoch: 432_000,
    });
  });

  it("are finalized ones for whoever does not say which", async () => {
    expect(await call(request("getBlockHeight"))).toMatchObject({ result: chain.tip.height - 31 });
  });

  it("give out a blockhash that is valid for 150 blocks", async () => {
    const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
    expect(lastValidBlockHeight).toBe((await connection.getBlockHeight()) + 150);
    produce(150);
    expect((await connection.isBlockhashValid(blockhash)).value).toBe(true);
    produce(1);
    expect((await connection.isBlockhashValid(blockhash)).value).toBe(false);
  });

  it("refuse a node that is not there yet", async () => {
    const contextSlot = await connection.getSlot("confirmed");
    const ahead = connection.getSlot({ commitment: "confirmed", minContextSlot: chain.tip.slot + 1 });
    await expect(ahead).rejects.toMatchObject({ code: -32016, data: { contextSlot } });
  });
});

describe("a transfer", () => {
  it("goes from unknown over processed and confirmed to finalized", async () => {
    const signature = await connection.sendRawTransaction(transfer(2_000_000));
    const status = async () => (await connection.getSignatureStatuses([signature])).value[0];
    expect(await status()).toBeNull();
    produce(1);
    expect(await status()).toMatchObject({
      slot: chain.tip.slot,
      confirmationStatus: "processed",
      confirmations: 0,
      err: null,
    });
    expect(await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 })).toBeNull();
    produce(1);
    expect(await status()).toMatchObject({ confirmationStatus: "confirmed", confirmations: 1 });
    const landed = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(landed).toMatchObject({ version: 0, meta: { err: null, fee: 5_000 } });
    expect(landed?.blockTime).toBeGreaterThan(1_767_225_600);
    const final = { commitment: "finalized", maxSupportedTransactionVersion: 0 } as const;
    expect(await connection.getTransaction(signature, final)).toBeNull();
    produce(29);
    expect(await status()).toMatchObject({ confirmationStatus: "confirmed" });
    produce(1);
    expect(await status()).toMatchObject({ confirmationStatus: "finalized", confirmations: null });
    expect(await connection.getTransaction(signature, final)).not.toBeNull();
  });

  it("is seen at finalized 30 blocks after it is seen at confirmed", async () => {
    await connection.sendRawTransaction(transfer(2_000_000));
    produce(2);
    expect(await connection.getBalance(receiver, "confirmed")).toBe(2_000_000);
    produce(29);
    expect(await connection.getBalance(receiver, "finalized")).toBe(0);
    produce(1);
    expect(await connection.getBalance(receiver, "finalized")).toBe(2_000_000);
  });

  it("is forgotten by the status cache after 300 blocks, and found in the history", async () => {
    const signature = await connection.sendRawTransaction(transfer(2_000_000));
    produce(300);
    expect((await connection.getSignatureStatuses([signature])).value[0]).not.toBeNull();
    produce(1);
    expect((await connection.getSignatureStatuses([signature])).value[0]).toBeNull();
    const history = await connection.getSignatureStatuses([signature], { searchTransactionHistory: true });
    expect(history.value[0]).toMatchObject({ confirmationStatus: "finalized" });
  });

  it("may be sent in base58 too", async () => {
    const bytes = transfer(2_000_000);
    expect(
      await call(request("sendTransaction", [bs58.encode(bytes), { preflightCommitment: "confirmed" }])),
    ).toMatchObject({
      result: bs58.encode(bytes.subarray(1, 65)),
    });
  });
});

describe("preflight", () => {
  const refused = (bytes: Uint8Array, config: object = { preflightCommitment: "confirmed" }) =>
    call(request("sendTransaction", [Buffer.from(bytes).toString("base64"), { encoding: "base64", ...config }]));

  it("refuses in a node's words: a failing instruction, with its logs", async () => {
    expect(await refused(transfer(20_000_000_000))).toMatchObject({
      error: {
        code: -32002,
        message: "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1",
        data: {
          err: { InstructionError: [0, { Custom: 1 }] },
          logs: expect.arrayContaining([expect.stringContaining("insufficient lamports")]),
        },
      },
    });
  });

  it("refuses an expired blockhash, but sends it when it is not to look", async () => {
    const bytes = transfer(2_000_000);
    produce(151);
    expect(await refused(bytes, { preflightCommitment: "processed" })).toMatchObject({
      error: {
        code: -32002,
        message: "Transaction simulation failed: Blockhash not found",
        data: { err: "BlockhashNotFound" },
      },
    });
    const signature = await connection.sendRawTransaction(bytes, SKIP);
    produce(1);
    expect((await connection.getSignatureStatuses([signature])).value[0]).toBeNull();
  });

  it("refuses a blockhash that is newer than its commitment", async () => {
    const bytes = transfer(2_000_000, chain.tip.blockhash);
    expect(await refused(bytes)).toMatchObject({ error: { data: { err: "BlockhashNotFound" } } });
  });

  it("refuses what has been processed; sent without looking it is harmless", async () => {
    const bytes = transfer(2_000_000);
    await connection.sendRawTransaction(bytes, SKIP);
    produce(2);
    await expect(connection.sendRawTransaction(bytes)).rejects.toThrow("This transaction has already been processed");
    await connection.sendRawTransaction(bytes, SKIP);
    produce(2);
    expect(await connection.getBalance(receiver)).toBe(2_000_000);
  });

  it("refuses a wrong signature", async () => {
    const bytes = transfer(2_000_000);
    bytes.set([1, 2, 3], 1);
    expect(await refused(bytes)).toMatchObject({
      error: { code: -32003, message: "Transaction signature verification failure" },
    });
  });

  it("refuses what is no transaction, or too large for one", async () => {
    expect(await refused(new Uint8Array([1, 2, 3]))).toMatchObject({ error: { code: -32602 } });
    expect(await refused(new Uint8Array(1233))).toMatchObject({
      error: { code: -32602, message: expect.stringContaining("1232") },
    });
  });
});

describe("a simulation", () => {
  it("tells what would be left, with neither signature nor fresh blockhash", async () => {
    const unsigned = VersionedTransaction.deserialize(transfer(2_000_000, SystemProgram.programId.toBase58()));
    unsigned.signatures = [new Uint8Array(64)];
    const accounts = { encoding: "base64" as const, addresses: [receiver.toBase58(), PublicKey.default.toBase58()] };
    const { value } = await connection.simulateTransaction(unsigned, { replaceRecentBlockhash: true, accounts });
    expect(value).toMatchObject({
      err: null,
      unitsConsumed: 150,
      accounts: [{ lamports: 2_000_000 }, { executable: true }],
    });
    expect(await connection.getBalance(receiver, "processed")).toBe(0);
  });

  it("tells the error, and no account", async () => {
    const accounts = { encoding: "base64" as const, addresses: [wallet.publicKey.toBase58()] };
    const failing = VersionedTransaction.deserialize(transfer(20_000_000_000));
    const { value } = await connection.simulateTransaction(failing, { replaceRecentBlockhash: true, accounts });
    expect(value).toMatchObject({ err: { InstructionError: [0, { Custom: 1 }] }, accounts: [null] });
  });
});

describe("the history of an address", () => {
  const history = (options: SignaturesForAddressOptions = {}, commitment: Finality = "confirmed") =>
    connection.getSignaturesForAddress(receiver, options, commitment);
  const pay = (lamports: number) => chain.submit(transfer(lamports)).signature;

  it("names what landed and named it, newest first, with its error if it failed", async () => {
    const [first, failed] = [pay(2_000_000), pay(20_000_000_000)];
    produce(1);
    const { slot, unixTime } = chain.tip;
    const other = chain.submit(signed(wallet, [], chain.tip.blockhash)).signature;
    const last = pay(3_000_000);
    produce(2);
    const told = await history();
    expect(told.map(({ signature }) => signature)).toEqual([last, failed, first]);
    expect(told.map(({ signature }) => signature)).not.toContain(other);
    expect(told[1]).toEqual({
      signature: failed,
      slot,
      err: { InstructionError: [0, { Custom: 1 }] },
      memo: null,
      blockTime: unixTime,
      confirmationStatus: "confirmed",
    });
    expect(await history({}, "finalized")).toEqual([]);
  });

  it("reaches from before one to until another, and no further than its limit", async () => {
    const signatures = [1, 2, 3, 4].map((million) => pay(million * 1_000_000));
    produce(2);
    const [first, second, third, fourth] = signatures;
    const told = async (options: SignaturesForAddressOptions) =>
      (await history(options)).map(({ signature }) => signature);
    expect(await told({ limit: 2 })).toEqual([fourth, third]);
    expect(await told({ before: third ?? "" })).toEqual([second, first]);
    expect(await told({ until: second ?? "" })).toEqual([fourth, third]);
    expect(await told({ before: "unknown" })).toEqual([]);
    expect(await told({ until: "unknown" })).toHaveLength(4);
    await expect(history({ limit: 1_001 })).rejects.toThrow("Invalid limit; max 1000");
    await expect(history({ limit: 0 })).rejects.toThrow("Invalid limit; max 1000");
    expect(
      await call(request("getSignaturesForAddress", [receiver.toBase58(), { commitment: "processed" }])),
    ).toMatchObject({ error: { code: -32602 } });
  });

  it("repeats what a transaction says in a memo", async () => {
    const programId = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
    const memo = new TransactionInstruction({ programId, keys: [], data: Buffer.from("abc") });
    chain.submit(signed(wallet, [memo], chain.tip.blockhash));
    produce(2);
    const [told] = await connection.getSignaturesForAddress(wallet.publicKey, {}, "confirmed");
    expect(told?.memo).toBe("[3] abc");
  });
});

describe("accounts", () => {
  const holding = (mint: PublicKey) => associatedTokenAddress(wallet.publicKey, mint);

  it("tell token amounts exactly", async () => {
    expect((await connection.getTokenAccountBalance(holding(SOL.address))).value).toMatchObject({
      amount: "9007199254740993",
      decimals: 9,
      uiAmountString: "9007199.254740993",
    });
    expect((await connection.getTokenAccountBalance(holding(USDC.address))).value).toEqual({
      amount: "1234500000",
      decimals: 6,
      uiAmount: 1234.5,
      uiAmountString: "1234.5",
    });
    await expect(connection.getTokenAccountBalance(receiver)).rejects.toThrow("could not find account");
  });

  it("are found by owner and mint, as bytes and in words", async () => {
    const raw = await connection.getTokenAccountsByOwner(wallet.publicKey, { mint: USDC.address });
    expect(raw.value.map(({ pubkey }) => pubkey.toBase58())).toEqual([holding(USDC.address).toBase58()]);
    expect(raw.value[0]?.account.data.readBigUInt64LE(64)).toBe(1_234_500_000n);
    const parsed = await connection.getParsedTokenAccountsByOwner(wallet.publicKey, { programId: TOKEN_PROGRAM });
    expect(parsed.value).toHaveLength(2);
    const native = parsed.value.find(({ pubkey }) => pubkey.equals(holding(SOL.address)))?.account.data.parsed;
    expect(native).toMatchObject({
      type: "account",
      info: { isNative: true, tokenAmount: { amount: "9007199254740993" } },
    });
  });

  it("come one by one and many at once, null where there is none", async () => {
    const one = await connection.getAccountInfo(USDC.address);
    expect(one?.owner.equals(TOKEN_PROGRAM)).toBe(true);
    const many = await connection.getMultipleAccountsInfo([USDC.address, receiver]);
    expect(many).toEqual([one, null]);
    const parsed = await connection.getParsedAccountInfo(USDC.address);
    expect(parsed.value?.data).toMatchObject({ program: "spl-token", parsed: { type: "mint", info: { decimals: 6 } } });
  });

  it("cost what mainnet asks for rent now", async () => {
    expect(await connection.getMinimumBalanceForRentExemption(165)).toBe(1_488_440);
  });
});

describe("the protocol", () => {
  it("answers a batch in its order", async () => {
    expect(await call([request("getHealth", [], "a"), request("getNothing", [], "b")])).toEqual([
      { jsonrpc: "2.0", id: "a", result: "ok" },
      { jsonrpc: "2.0", id: "b", error: { code: -32601, message: "Method not found" } },
    ]);
  });

  it("refuses what it cannot read", async () => {
    expect(await call("{")).toMatchObject({ error: { code: -32700 } });
    expect(await call([])).toMatchObject({ error: { code: -32600 } });
    expect(await call({ method: 1 })).toMatchObject({ error: { code: -32600 } });
    expect(await call(request("getBalance", ["not an address"]))).toMatchObject({ error: { code: -32602 } });
    expect(await call(request("getBalance", [receiver.toBase58(), { commitment: "sure" }]))).toMatchObject({
      error: { code: -32602 },
    });
    const signatures = Array.from({ length: 257 }, () => "1");
    expect(await call(request("getSignatureStatuses", [signatures]))).toMatchObject({
      error: { code: -32602, message: expect.stringContaining("256") },
    });
    expect(await call(request("getTransaction", ["1", { commitment: "processed" }]))).toMatchObject({
      error: { code: -32602 },
    });
  });

  it("says its version", async () => {
    expect(await connection.getVersion()).toHaveProperty("solana-core");
  });

  describe("of recent fees", () => {
    const lately = async (...lockedWritableAccounts: PublicKey[]) =>
      (await connection.getRecentPrioritizationFees({ lockedWritableAccounts })).at(-1);
    const bid = (microLamports: number, ...others: TransactionInstruction[]) => {
      const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports });
      chain.submit(signed(wallet, [price, ...others], chain.tip.blockhash));
    };
    const pay = () => SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: receiver, lamports: 2_000_000 });

    it("tells the least bid of a confirmed block, and of those that wrote an account where that is more", async () => {
      bid(300);
      bid(700, pay());
      bid(900, pay());
      produce(1);
      const { slot } = chain.tip;
      expect(await lately()).toBeUndefined();
      produce(1);
      expect(await lately()).toEqual({ slot, prioritizationFee: 300 });
      expect(await lately(wallet.publicKey)).toEqual({ slot, prioritizationFee: 300 });
      expect(await lately(wallet.publicKey, receiver)).toEqual({ slot, prioritizationFee: 700 });
      expect(await lately(PublicKey.unique())).toEqual({ slot, prioritizationFee: 300 });
    });

    it("goes back 150 blocks, and takes 128 accounts", async () => {
      for (let count = 0; count < 152; count += 1) {
        bid(count);
        produce(1);
      }
      const fees = await connection.getRecentPrioritizationFees();
      expect(fees.map(({ prioritizationFee }) => prioritizationFee)).toEqual(
        Array.from({ length: 150 }, (_, index) => index + 1),
      );
      const accounts = Array.from({ length: 129 }, () => receiver);
      expect(await lately(...accounts.slice(1))).toMatchObject({ prioritizationFee: 150 });
      await expect(lately(...accounts)).rejects.toThrow("Too many inputs provided; max 128");
    });
  });
});
