/** The web3.js client against nodes that answer badly, and what is sent to several of them. */
import { Keypair, PublicKey, SystemProgram } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnsweringServer, startAnsweringServer } from "../../testing/answering-server.ts";
import { SOL_USDC } from "../../testing/given.ts";
import { type Call, type JsonRpcServer, type Reply, startJsonRpcServer } from "../../testing/json-rpc-server.ts";
import type { Clock } from "../clock.ts";
import { isEngineError } from "../error.ts";
import { type Rpc, solanaRpc } from "./rpc.ts";
import { TOKEN_PROGRAM, tokenAccount } from "./token-account.ts";
import { buildMessage } from "./transaction.ts";

const clock: Clock = {
  now: () => new Date(0),
  sleep: async () => undefined,
  deadline: () => AbortSignal.timeout(150),
};

const wallet = Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey;
const mint = SOL_USDC.quoteMint;
const BYTES = new Uint8Array([1, 2, 3]);

const message = buildMessage({
  wallet: wallet.toBase58(),
  blockhash: Keypair.fromSeed(Buffer.alloc(32, 2)).publicKey.toBase58(),
  instructions: [],
  lookupTables: [],
  attemptId: "trd_1.1",
  computeBudget: { unitLimit: 1, unitPriceMicroLamports: 1n },
});

let http: AnsweringServer;
let first: JsonRpcServer;
let second: JsonRpcServer;

beforeAll(async () => {
  [http, first, second] = await Promise.all([startAnsweringServer(), startJsonRpcServer(), startJsonRpcServer()]);
});
afterAll(() => {
  http.close();
  first.close();
  second.close();
});

const taken = (): Reply => ({ result: "signature" });
const refused = (text: string) => (): Reply => ({ error: { code: -32002, message: text } });
const inContext = (slot: number, value: unknown): Reply => ({ result: { context: { slot }, value } });
const detailOf = async (call: Promise<unknown>): Promise<string> => {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isEngineError(error, "NETWORK_ERROR")) throw new TypeError(`no network error: ${String(error)}`);
  return error.message;
};

const CALLS: Readonly<Record<string, (rpc: Rpc) => Promise<unknown>>> = {
  getLatestBlockhash: (rpc) => rpc.latestBlockhash(),
  getEpochInfo: (rpc) => rpc.finalized(),
  getSignatureStatuses: (rpc) => rpc.statuses(["one"]),
  sendTransaction: (rpc) => rpc.send(BYTES),
  getTransaction: (rpc) => rpc.transaction("one", "confirmed"),
  getMultipleAccounts: (rpc) => rpc.lookupTables([mint]),
  getBalance: (rpc) => rpc.lamports(wallet.toBase58(), "confirmed"),
  simulateTransaction: (rpc) => rpc.simulate(message),
  getRecentPrioritizationFees: (rpc) => rpc.recentFees([mint]),
  getSignaturesForAddress: (rpc) => rpc.history(wallet.toBase58(), mint, 0n),
};

describe.each(Object.entries(CALLS))("%s", (method, call) => {
  const failure = (answer: Parameters<AnsweringServer["answer"]>[0]) => {
    http.answer(answer);
    return detailOf(call(solanaRpc([`${http.url}/secret-key`], clock)));
  };

  test.each(["never", "half"] as const)("that is answered %s ends with its deadline", async (answer) => {
    expect(await failure(answer)).toBe(`the RPC did not answer ${method}: nothing came within 5 s`);
  });

  test("that comes too often says so, and is not tried again", async () => {
    expect(await failure({ status: 429, body: "{}" })).toBe(
      `the RPC did not answer ${method}: it is asked too often (429)`,
    );
    expect(http.asked.length).toBeLessThanOrEqual(method === "getSignaturesForAddress" ? 2 : 1);
  });

  test.each([
    [{ status: 503, body: "<html>" }, `the RPC did not answer ${method}: it says 503 Service Unavailable`],
    [{ status: 200, body: "<html>" }, `the RPC answered ${method} with what makes no sense`],
    [{ status: 200, body: '{"jsonrpc":"2.0","id":"1","result":{"no":1}}' }, `with what makes no sense`],
  ])("that is answered with %o says so", async (answer, detail) => {
    expect(await failure(answer)).toContain(detail);
  });

  test("that is refused says why", async () => {
    const body = { jsonrpc: "2.0", id: "1", error: { code: -32005, message: "Node is behind by 42 slots" } };
    expect(await failure({ status: 200, body: JSON.stringify(body) })).toMatch(
      new RegExp(`^the RPC refused ${method}: .*Node is behind by 42 slots`, "s"),
    );
  });

  test("of a node that is not there says so, and not where it was", async () => {
    const gone = await startAnsweringServer();
    gone.close();
    const detail = await detailOf(call(solanaRpc([`${gone.url}/secret-key`], clock)));
    expect(detail).toBe(`the RPC did not answer ${method}: it cannot be reached`);
  });
});

describe("sending", () => {
  const rpc = () => solanaRpc([first.url, second.url], clock);

  test("goes to every endpoint", async () => {
    first.reply(taken);
    second.reply(taken);
    await rpc().send(BYTES);
    await expect.poll(() => [first.calls.length, second.calls.length]).toEqual([1, 1]);
    const [bytes, options] = second.calls[0]?.params ?? [];
    expect(Buffer.from(String(bytes), "base64")).toEqual(Buffer.from(BYTES));
    expect(options).toMatchObject({ skipPreflight: true, maxRetries: 0 });
  });

  test("is done when one of two took the bytes", async () => {
    first.reply(refused("Node is unhealthy"));
    second.reply(taken);
    await rpc().send(BYTES);
    second.reply(refused("Node is unhealthy"));
    first.reply(taken);
    await rpc().send(BYTES);
  });

  test("is done when one has dealt with them before", async () => {
    first.reply(refused("Transaction simulation failed: This transaction has already been processed"));
    await solanaRpc([first.url], clock).send(BYTES);
  });

  test("that nobody took says what each of them said", async () => {
    first.reply(refused("Blockhash not found"));
    http.answer({ status: 429, body: "" });
    const detail = await detailOf(solanaRpc([first.url, http.url], clock).send(BYTES));
    expect(detail).toMatch(/^the RPC refused sendTransaction: .*Blockhash not found/s);
    expect(detail).toContain("broadcast RPC 1 did not answer sendTransaction: it is asked too often (429)");
  });
});

describe("a signature", () => {
  const known = { slot: 7, confirmations: 1, err: null, confirmationStatus: "confirmed" };
  const status = (value: unknown) => () => inContext(9, [value]);

  test("is known elsewhere when one of the other endpoints knows it", async () => {
    first.reply(status(known));
    second.reply(status(null));
    http.answer({ status: 503, body: "" });
    expect(await solanaRpc([first.url, second.url, http.url], clock).isKnownElsewhere("one")).toBe(false);
    expect(first.calls).toEqual([]);
    expect(await solanaRpc([second.url, http.url, first.url], clock).isKnownElsewhere("one")).toBe(true);
    expect(await solanaRpc([first.url], clock).isKnownElsewhere("one")).toBe(false);
  });

  test("is one of any number that are asked for, 256 at a time", async () => {
    const signatures = Array.from({ length: 600 }, (_, index) => `${index}`);
    const slots = [30, 10, 20];
    first.reply(({ params: [asked] }: Call) =>
      inContext(
        slots[first.calls.length - 1] ?? 0,
        (asked as string[]).map((one) => ({ ...known, slot: Number(one) })),
      ),
    );
    const { slot, statuses } = await solanaRpc([first.url], clock).statuses(signatures);
    expect(first.calls.map(({ params }) => (params[0] as string[]).length)).toEqual([256, 256, 88]);
    expect(first.calls[2]?.params[1]).toEqual({ searchTransactionHistory: true });
    expect(statuses.map((one) => String(one?.slot))).toEqual(signatures);
    // What the node that lagged most at any of the questions had seen is all that was seen for certain.
    expect(slot).toBe(10n);
  });
});

describe("what a wallet holds", () => {
  const account = (owner: string, data: Buffer) => ({
    ...{ lamports: 1, owner, executable: false, rentEpoch: 0 },
    data: [data.toString("base64"), "base64"],
  });
  const tokens = (amount: bigint, owner = wallet) => {
    const data = Buffer.alloc(182);
    new PublicKey(mint).toBuffer().copy(data);
    owner.toBuffer().copy(data, 32);
    data.writeBigUInt64LE(amount, 64);
    return data;
  };

  test("is nothing where somebody sent lamports to the address of its account, or has its tokens signed over", async () => {
    const rpc = solanaRpc([first.url], clock);
    const other = Keypair.fromSeed(Buffer.alloc(32, 3)).publicKey;
    const program = TOKEN_PROGRAM.toBase58();
    first.reply(() =>
      inContext(1, [account(program, tokens(5n)), account(SystemProgram.programId.toBase58(), Buffer.alloc(0))]),
    );
    expect(await rpc.tokens(wallet.toBase58(), mint, "confirmed")).toBe(5n);
    first.reply(() => inContext(1, [account(program, tokens(5n, other)), account(other.toBase58(), tokens(7n))]));
    expect(await rpc.tokens(wallet.toBase58(), mint, "confirmed")).toBe(0n);
    first.reply(() => inContext(1, [null, null]));
    expect(await rpc.tokens(wallet.toBase58(), mint, "confirmed")).toBe(0n);
  });

  test("has a history: of both accounts it may be in, newest first, after a slot", async () => {
    const classic = tokenAccount(wallet.toBase58(), mint, TOKEN_PROGRAM);
    const past = (signature: string, slot: number, err: unknown = null) => ({ signature, slot, err, memo: null });
    first.reply(({ params: [address] }) => ({
      result:
        address === classic
          ? [past("d", 40), past("b", 20, { InstructionError: [0, "X"] })]
          : [past("c", 30), past("a", 10)],
    }));
    const told = await solanaRpc([first.url], clock).history(wallet.toBase58(), mint, 10n);
    expect(told).toEqual([
      { signature: "d", slot: 40n, error: null },
      { signature: "c", slot: 30n, error: null },
      { signature: "b", slot: 20n, error: '{"InstructionError":[0,"X"]}' },
    ]);
    expect(first.calls[0]?.params[1]).toEqual({ limit: 1_000, commitment: "finalized" });
  });
});

test("a transaction of somebody else is read also when it is of the version after ours", async () => {
  const transfer = { accountIndex: 1, mint, owner: "us", uiTokenAmount: { amount: "5", decimals: 6, uiAmount: null } };
  first.reply(() => ({
    result: {
      slot: 1,
      version: 1,
      meta: { err: null, fee: 5_000, preBalances: [9, 1], postBalances: [4, 1], postTokenBalances: [transfer] },
      transaction: {
        signatures: ["one"],
        message: {
          header: { numRequiredSignatures: 1, numReadonlySignedAccounts: 0, numReadonlyUnsignedAccounts: 0 },
          accountKeys: [wallet.toBase58(), mint],
          recentBlockhash: mint,
          instructions: [],
          transactionConfig: {
            ...{ computeUnitLimit: null, heapSize: null },
            ...{ loadedAccountsDataSizeLimit: null, priorityFee: null },
          },
        },
      },
    },
  }));
  const landed = await solanaRpc([first.url], clock).transaction("one", "finalized");
  expect(first.calls[0]?.params[1]).toMatchObject({ maxSupportedTransactionVersion: 1, commitment: "finalized" });
  expect(landed).toMatchObject({
    accounts: [wallet.toBase58(), mint],
    postTokens: [{ index: 1, mint, owner: "us", amount: 5n }],
    preTokens: [],
    logs: [],
  });
});

test("fees are asked for 128 accounts at most", async () => {
  first.reply(() => ({ result: [{ slot: 1, prioritizationFee: 7 }] }));
  const rpc = solanaRpc([first.url], clock);
  expect(await rpc.recentFees(Array.from({ length: 200 }, () => mint))).toEqual([7n]);
  expect(first.calls[0]?.params[0]).toHaveLength(128);
});

test("a lookup table that the node does not know is no reason to think that there is none", async () => {
  first.reply(() => inContext(1, [null]));
  const detail = await detailOf(solanaRpc([first.url], clock).lookupTables([mint]));
  expect(detail).toBe(`the RPC knows no lookup table ${mint}`);
});
