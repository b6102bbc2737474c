import { ResponseError } from "@jup-ag/api";
import { Keypair, type PublicKey, SystemProgram, VersionedTransaction } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BONK, JTO, JUP, SOL, USDC } from "../chain/mints.ts";
import { associatedTokenAddress } from "../chain/token.ts";
import { World } from "../chain/world.ts";
import type { Server } from "../listen.ts";
import { amountOut, minimumOut } from "../swap-program/route.ts";
import { LOOKUP_TABLE, reservesOf } from "./pool.ts";
import { API_KEY, openTrader, type Trader } from "./testing/trader.ts";

const DEPTH = 1_000_000_000_000n; // 1 000 000 USDC a side
const SKIP = { skipPreflight: true, maxRetries: 0 };
const HUNDRED_USDC = 100_000_000n;

let world: World;
let servers: Server[];
let rpcUrl: string;
let venueUrl: string;
let wallet: Keypair;
let trader: Trader;

// One world for all: a test brings its own wallet and asks nothing of the price but where it is.
beforeAll(async () => {
  const markets = [
    { symbol: "SOL/USDC", base: SOL, quote: USDC, price: 150, quoteDepth: DEPTH },
    { symbol: "BONK/USDC", base: BONK, quote: USDC, price: 0.000_021, quoteDepth: DEPTH },
    { symbol: "JUP/SOL", base: JUP, quote: SOL, price: 0.004, quoteDepth: 5_000_000_000_000n },
  ];
  world = new World({ seed: "venue", markets });
  servers = await Promise.all([world.startRpc(), world.startVenue(API_KEY)]);
  [rpcUrl, venueUrl] = [servers[0]?.url ?? "", servers[1]?.url ?? ""];
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

beforeEach(() => {
  produce(1);
  wallet = Keypair.generate();
  const tokens = [{ mint: USDC.address, amount: 5_000_000_000n }];
  world.fund(wallet.publicKey, { lamports: 1_000_000_000n, tokens });
  trader = openTrader(wallet, rpcUrl, venueUrl);
});

function produce(blocks: number): void {
  for (let count = 0; count < blocks; count += 1) world.produceBlock();
}

function poolOf(symbol: string) {
  const pool = world.pools.find((candidate) => candidate.symbol === symbol);
  if (pool === undefined) throw new Error(`No pool ${symbol}.`);
  return pool;
}

const buySol = (amount = HUNDRED_USDC, slippageBps = 50) =>
  trader.quote(USDC.address, SOL.address, amount, slippageBps);

async function landed(signature: string) {
  const transaction = await trader.connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
  if (transaction?.meta === null || transaction === null) throw new Error("The transaction is not there.");
  return { transaction, meta: transaction.meta };
}

/** What a wallet gained of a mint, as an engine reads it: no entry before means it had nothing. */
async function gained(signature: string, mint: PublicKey): Promise<bigint> {
  const { meta } = await landed(signature);
  const sum = (balances: typeof meta.preTokenBalances): bigint =>
    (balances ?? [])
      .filter((entry) => entry.owner === wallet.publicKey.toBase58() && entry.mint === mint.toBase58())
      .reduce((total, { uiTokenAmount }) => total + BigInt(uiTokenAmount.amount), 0n);
  return sum(meta.postTokenBalances) - sum(meta.preTokenBalances);
}

const get = (path: string, headers: Record<string, string> = { "x-api-key": API_KEY }): Promise<Response> =>
  fetch(`${venueUrl}${path}`, { headers });

describe("a swap", () => {
  it("moves what was quoted, through the lookup table, up to finalized", async () => {
    const reserves = reservesOf(world.chain, poolOf("SOL/USDC"));
    const quote = await buySol();
    expect(BigInt(quote.outAmount)).toBe(amountOut(reserves.quote, reserves.base, HUNDRED_USDC));
    const { bytes } = await trader.build(quote);
    const signature = await trader.connection.sendRawTransaction(bytes, { maxRetries: 0 });
    const statuses: (string | undefined)[] = [];
    for (const blocks of [0, 1, 1, 30]) {
      produce(blocks);
      statuses.push((await trader.connection.getSignatureStatuses([signature])).value[0]?.confirmationStatus);
    }
    expect(statuses).toEqual([undefined, "processed", "confirmed", "finalized"]);
    expect(await gained(signature, SOL.address)).toBe(BigInt(quote.outAmount));
    expect(await gained(signature, USDC.address)).toBe(-HUNDRED_USDC);
  });

  it("tells its accounts in the message's order and has no balance before the account was made", async () => {
    const { bytes } = await trader.build(await buySol());
    const signature = await trader.connection.sendRawTransaction(bytes);
    produce(2);
    const { transaction, meta } = await landed(signature);
    const { loadedAddresses } = meta;
    if (loadedAddresses === undefined || loadedAddresses === null) throw new Error("Nothing was loaded.");
    expect(loadedAddresses.writable.length).toBeGreaterThan(0);
    const keys = transaction.transaction.message.getAccountKeys({ accountKeysFromLookups: loadedAddresses });
    const at = (key: PublicKey) =>
      Array.from({ length: keys.length }, (_, index) => keys.get(index)).findIndex((one) => one?.equals(key));
    const made = at(associatedTokenAddress(wallet.publicKey, SOL.address));
    expect(meta.preTokenBalances?.some(({ accountIndex }) => accountIndex === made)).toBe(false);
    expect(meta.postTokenBalances?.find(({ accountIndex }) => accountIndex === made)?.mint).toBe(
      SOL.address.toBase58(),
    );
    const vault = at(poolOf("SOL/USDC").vaultB);
    expect(meta.postTokenBalances?.find(({ accountIndex }) => accountIndex === vault)?.mint).toBe(
      USDC.address.toBase58(),
    );
    const payer = at(wallet.publicKey);
    const rent = await trader.connection.getMinimumBalanceForRentExemption(165);
    expect((meta.preBalances[payer] ?? 0) - (meta.postBalances[payer] ?? 0)).toBe(meta.fee + rent);
    expect(meta.fee).toBe(5_000 + (10_000 * 1_400_000) / 1_000_000);
  });

  it("really needs the lookup table: without it the venue's accounts are not in the message", async () => {
    const { bytes } = await trader.build(await buySol());
    const { message } = VersionedTransaction.deserialize(bytes);
    expect(message.addressTableLookups.map(({ accountKey }) => accountKey.toBase58())).toEqual([
      LOOKUP_TABLE.toBase58(),
    ]);
    expect(message.staticAccountKeys.some((key) => key.equals(poolOf("SOL/USDC").vaultA))).toBe(false);
  });

  it("fails as 6001 when the price moved past its slippage, and lands with that error", async () => {
    const { bytes } = await trader.build(await buySol(HUNDRED_USDC, 10));
    const rival = Keypair.generate();
    world.fund(rival.publicKey, {
      lamports: 1_000_000_000n,
      tokens: [{ mint: USDC.address, amount: 10_000_000_000n }],
    });
    const other = openTrader(rival, rpcUrl, venueUrl);
    const ahead = await other.build(await other.quote(USDC.address, SOL.address, 10_000_000_000n, 50));
    await other.connection.sendRawTransaction(ahead.bytes, SKIP);
    const signature = await trader.connection.sendRawTransaction(bytes, SKIP);
    produce(2);
    const err = { InstructionError: [3, { Custom: 6001 }] };
    expect((await trader.connection.getSignatureStatuses([signature])).value[0]).toMatchObject({ err });
    const { meta } = await landed(signature);
    expect(meta).toMatchObject({ err, fee: 19_000 });
    expect(meta.logMessages?.find((line) => line.includes("failed"))).toBe(
      "Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 failed: custom program error: 0x1771",
    );
    expect(await gained(signature, USDC.address)).toBe(0n);
  });

  it("lands late inside its window, once, whatever is sent again", async () => {
    const { bytes, lastValidBlockHeight } = await trader.build(await buySol(HUNDRED_USDC, 500));
    produce(100);
    expect(await trader.connection.getBlockHeight("processed")).toBeLessThan(lastValidBlockHeight);
    const signature = await trader.connection.sendRawTransaction(bytes, SKIP);
    produce(2);
    for (let again = 0; again < 3; again += 1) await trader.connection.sendRawTransaction(bytes, SKIP);
    produce(2);
    expect(await gained(signature, USDC.address)).toBe(-HUNDRED_USDC);
    const held = await trader.connection.getTokenAccountBalance(associatedTokenAddress(wallet.publicKey, USDC.address));
    expect(held.value.amount).toBe("4900000000");
  });

  it("is expired when the height is past its last valid one, and cannot land any more", async () => {
    const { bytes, lastValidBlockHeight } = await trader.build(await buySol());
    produce(lastValidBlockHeight + 1 - world.chain.tip.height);
    const signature = bs58.encode(bytes.subarray(1, 65));
    await trader.connection.sendRawTransaction(bytes, SKIP);
    produce(40);
    const found = await trader.connection.getSignatureStatuses([signature], { searchTransactionHistory: true });
    expect(found.value).toEqual([null]);
  });
});

describe("a quote", () => {
  it("has Jupiter's fields, amounts as strings and impact as a ratio without the fee", async () => {
    const { quote: reserve } = reservesOf(world.chain, poolOf("SOL/USDC"));
    const quote = await buySol(1_000_000_000n, 100);
    expect(quote).toMatchObject({
      inAmount: "1000000000",
      swapMode: "ExactIn",
      slippageBps: 100,
      contextSlot: world.chain.tip.slot,
    });
    expect(quote.otherAmountThreshold).toBe(minimumOut(BigInt(quote.outAmount), 100).toString());
    expect(quote.routePlan).toMatchObject([
      { percent: 100, swapInfo: { ammKey: poolOf("SOL/USDC").address.toBase58() } },
    ]);
    expect(Number(quote.priceImpactPct)).toBeCloseTo(1e9 / (Number(reserve) + 1e9), 12);
    expect(Number(quote.priceImpactPct)).toBeLessThan(0.002);
  });

  it("carries a 64-bit amount without losing a unit", async () => {
    const quote = await trader.quote(BONK.address, USDC.address, 9_007_199_254_740_993n, 50);
    expect(quote.inAmount).toBe("9007199254740993");
  });

  const mints = `inputMint=${USDC.address.toBase58()}&outputMint=${SOL.address.toBase58()}`;
  it.each([
    [
      "a token nobody trades",
      `inputMint=${USDC.address.toBase58()}&outputMint=${JTO.address.toBase58()}&amount=1000`,
      "TOKEN_NOT_TRADABLE",
    ],
    [
      "two tokens without a pool",
      `inputMint=${BONK.address.toBase58()}&outputMint=${SOL.address.toBase58()}&amount=1000`,
      "COULD_NOT_FIND_ANY_ROUTE",
    ],
    [
      "an amount too small to pay anything",
      `inputMint=${BONK.address.toBase58()}&outputMint=${USDC.address.toBase58()}&amount=1`,
      "COULD_NOT_FIND_ANY_ROUTE",
    ],
    ["an amount the program cannot add", `${mints}&amount=18446744073709551615`, "COULD_NOT_FIND_ANY_ROUTE"],
    [
      "a token for itself",
      `inputMint=${SOL.address.toBase58()}&outputMint=${SOL.address.toBase58()}&amount=1000`,
      "CIRCULAR_ARBITRAGE_IS_DISABLED",
    ],
    ["an amount of nothing", `${mints}&amount=0`, "INVALID_REQUEST"],
    ["a part of a unit", `${mints}&amount=1.5`, "INVALID_REQUEST"],
    ["a negative amount", `${mints}&amount=-1`, "INVALID_REQUEST"],
    ["more than 64 bits", `${mints}&amount=18446744073709551616`, "INVALID_REQUEST"],
    ["no amount", mints, "INVALID_REQUEST"],
    ["slippage above all of it", `${mints}&amount=1000&slippageBps=10001`, "INVALID_REQUEST"],
    ["a mint that is none", `inputMint=SOL&outputMint=${SOL.address.toBase58()}&amount=1000`, "INVALID_REQUEST"],
    ["an exact output", `${mints}&amount=1000&swapMode=ExactOut`, "NOT_SUPPORTED"],
  ])("for %s is refused with a code", async (_name, query, errorCode) => {
    const response = await get(`/swap/v1/quote?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String), errorCode });
  });

  it("needs the right key", async () => {
    for (const headers of [{ "x-api-key": "another" }, {}]) {
      const response = await get(`/swap/v1/quote?${mints}&amount=1000`, headers as Record<string, string>);
      expect(response.status).toBe(401);
    }
  });
});

describe("swap instructions", () => {
  const post = async (fields: object) => {
    const quoteResponse = await buySol();
    const userPublicKey = wallet.publicKey.toBase58();
    const body = JSON.stringify({ quoteResponse, userPublicKey, wrapAndUnwrapSol: false, ...fields });
    const headers = { "x-api-key": API_KEY, "content-type": "application/json" };
    return fetch(`${venueUrl}/swap/v1/swap-instructions`, { method: "POST", headers, body });
  };

  it("come as Jupiter's client knows them, with idempotent setup and nothing to clean up", async () => {
    const built = await trader.instructions(await buySol());
    expect(built.setupInstructions).toMatchObject([
      { programId: "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", data: "AQ==" },
    ]);
    expect(built.swapInstruction.programId).toBe("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
    expect(built.cleanupInstruction ?? null).toBeNull();
    expect(built.otherInstructions).toEqual([]);
    expect(built.addressLookupTableAddresses).toEqual([LOOKUP_TABLE.toBase58()]);
  });

  it.each([
    ["the price asked for", { computeUnitPriceMicroLamports: 777 }, 777n],
    [
      "the level's price below the cap",
      {
        prioritizationFeeLamports: { priorityLevelWithMaxLamports: { priorityLevel: "high", maxLamports: 1_000_000 } },
      },
      50_000n,
    ],
    [
      "no more than the cap",
      {
        prioritizationFeeLamports: { priorityLevelWithMaxLamports: { priorityLevel: "veryHigh", maxLamports: 14_000 } },
      },
      10_000n,
    ],
  ])("bid %s", async (_name, fields, microLamports) => {
    const built = (await (await post(fields)).json()) as { computeBudgetInstructions: { data: string }[] };
    const [limit, price] = built.computeBudgetInstructions.map(({ data }) => Buffer.from(data, "base64"));
    expect(limit?.readUInt32LE(1)).toBe(1_400_000);
    expect(price?.readBigUInt64LE(1)).toBe(microLamports);
  });

  it.each([
    ["wrapping SOL", { wrapAndUnwrapSol: true }, "NOT_SUPPORTED"],
    ["wrapping SOL by default", { wrapAndUnwrapSol: undefined }, "NOT_SUPPORTED"],
    ["another destination", { destinationTokenAccount: SystemProgram.programId.toBase58() }, "NOT_SUPPORTED"],
    ["a tip", { prioritizationFeeLamports: { jitoTipLamports: 1_000 } }, "NOT_SUPPORTED"],
    [
      "two priorities",
      { computeUnitPriceMicroLamports: 1, prioritizationFeeLamports: { jitoTipLamports: 1 } },
      "INVALID_COMPUTE_UNIT_PRICE_AND_PRIORITIZATION_FEE",
    ],
    ["no quote", { quoteResponse: undefined }, "INVALID_REQUEST"],
  ])("for %s are refused with a code", async (_name, fields, errorCode) => {
    const response = await post(fields);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String), errorCode });
  });

  it("reach Jupiter's client as a ResponseError", async () => {
    const swapRequest = { quoteResponse: await buySol(), userPublicKey: wallet.publicKey.toBase58() };
    await expect(trader.swapApi.swapInstructionsPost({ swapRequest })).rejects.toBeInstanceOf(ResponseError);
  });
});

describe("prices", () => {
  const ids = [SOL, BONK, JUP, USDC, JTO].map(({ address }) => address.toBase58());
  const prices = async () =>
    (await (await get(`/price/v3?ids=${ids.join(",")}`)).json()) as Record<
      string,
      { usdPrice: number; blockId: number }
    >;

  it("are in USD, where a stable coin is not 1, and absent for what never traded", async () => {
    const answer = await prices();
    expect(Object.keys(answer).sort()).toEqual([SOL, BONK, JUP, USDC].map(({ address }) => address.toBase58()).sort());
    expect(answer[USDC.address.toBase58()]?.usdPrice).toBe(0.9997);
    expect((answer[SOL.address.toBase58()]?.usdPrice ?? 0) / (world.referencePrice("SOL/USDC") * 0.9997)).toBeCloseTo(
      1,
      2,
    );
    const jupInUsdc = world.referencePrice("JUP/SOL") * world.referencePrice("SOL/USDC");
    expect((answer[JUP.address.toBase58()]?.usdPrice ?? 0) / (jupInUsdc * 0.9997)).toBeCloseTo(1, 1);
    expect(answer[SOL.address.toBase58()]).toMatchObject({ decimals: 9, createdAt: null, priceChange24h: null });
  });

  it("stay fresh while nothing moves", async () => {
    const oldest: number[] = [];
    for (let look = 0; look < 10; look += 1) {
      produce(3);
      const answer = await prices();
      oldest.push(Math.min(...Object.values(answer).map(({ blockId }) => blockId - world.chain.tip.slot)));
    }
    expect(Math.min(...oldest)).toBeGreaterThan(-12);
  });

  it("are that of the last swap, whoever made it", async () => {
    const quote = await buySol();
    await trader.connection.sendRawTransaction((await trader.build(quote)).bytes, SKIP);
    world.chain.produceBlock(); // without the arbitrageur
    const answer = (await prices())[SOL.address.toBase58()];
    expect(answer?.blockId).toBe(world.chain.tip.slot);
    const paid = Number(quote.inAmount) / 1e6 / (Number(quote.outAmount) / 1e9);
    expect((answer?.usdPrice ?? 0) / (paid * 0.9997)).toBeCloseTo(1, 9);
  });

  it("follow the story to its end, as the pool does", async () => {
    const start = (await prices())[SOL.address.toBase58()]?.usdPrice ?? 0;
    world.beginStory("SOL/USDC", "buy", 40);
    const seen: number[] = [];
    for (let block = 0; block < 40; block += 1) {
      produce(1);
      seen.push((await prices())[SOL.address.toBase58()]?.usdPrice ?? 0);
    }
    const peak = Math.max(...seen);
    expect(peak / start).toBeGreaterThan(1.015);
    expect((seen.at(-1) ?? 0) / peak).toBeLessThan(0.95);
    const { quote, base } = reservesOf(world.chain, poolOf("SOL/USDC"));
    expect((Number(quote) * 1e3) / Number(base) / world.referencePrice("SOL/USDC")).toBeCloseTo(1, 3);
  });

  it("are for at most 50 mints at once", async () => {
    const many = Array.from({ length: 51 }, () => SOL.address.toBase58()).join(",");
    expect((await get(`/price/v3?ids=${many}`)).status).toBe(400);
  });
});
