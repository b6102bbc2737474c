/** Swap v2 of the venue, through the engine's own client: what it builds lands, and what it refuses is understood. */

import type { QuoteRequest } from "@backstop/core/jupiter/client";
import type { RateLimit } from "@backstop/core/jupiter/rate-limit";
import { jupiterV1 } from "@backstop/core/jupiter/v1";
import { jupiterV2 } from "@backstop/core/jupiter/v2";
import { mint } from "@backstop/core/market/mint";
import { amount } from "@backstop/core/money/amount";
import { bps } from "@backstop/core/money/bps";
import {
  AddressLookupTableAccount,
  Connection,
  Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JTO, SOL, USDC } from "../chain/mints.ts";
import { associatedTokenAddress } from "../chain/token.ts";
import { World } from "../chain/world.ts";
import type { Server } from "../listen.ts";
import { ROUTE_ACCOUNTS } from "../swap-program/route.ts";
import { startVenue } from "./server.ts";

const API_KEY = "local-key";
const clock = { now: () => new Date(), sleep: async () => {}, deadline: (ms: number) => AbortSignal.timeout(ms) };
const rateLimit: RateLimit = { take: async () => null, learn: async () => {} };

let world: World;
let servers: Server[];
let rpcUrl: string;
let venueUrl: string;
const wallet = Keypair.generate();

beforeAll(async () => {
  world = new World({
    seed: "build",
    markets: [{ symbol: "SOL/USDC", base: SOL, quote: USDC, price: 150, quoteDepth: 1_000_000_000_000n }],
  });
  servers = await Promise.all([world.startRpc(), world.startVenue(API_KEY)]);
  [rpcUrl, venueUrl] = [servers[0]?.url ?? "", servers[1]?.url ?? ""];
  world.produceBlock();
  world.fund(wallet.publicKey, {
    lamports: 1_000_000_000n,
    tokens: [{ mint: USDC.address, amount: 1_000_000_000n }],
  });
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

const request = (over: Partial<QuoteRequest> = {}): QuoteRequest => ({
  inputMint: mint(USDC.address.toBase58()),
  outputMint: mint(SOL.address.toBase58()),
  amountIn: amount(100_000_000n),
  slippageBps: bps(50),
  wallet: wallet.publicKey.toBase58(),
  priority: "entry",
  maxAccounts: null,
  without: [],
  asked: { symbol: "SOL/USDC", size: "100" },
  ...over,
});

const apis = { v1: jupiterV1, v2: jupiterV2 };
const api = (version: keyof typeof apis) =>
  apis[version]({ config: { baseUrl: venueUrl, apiKey: API_KEY }, clock, rateLimit });

const get = (query: Record<string, string>) =>
  fetch(`${venueUrl}/swap/v2/build?${new URLSearchParams(query)}`, { headers: { "x-api-key": API_KEY } });

const query = {
  inputMint: USDC.address.toBase58(),
  outputMint: SOL.address.toBase58(),
  amount: "100000000",
  taker: wallet.publicKey.toBase58(),
  wrapAndUnwrapSol: "false",
};

describe("a build", () => {
  test("quotes what v1 quotes, and lands with what it carries alone", async () => {
    const quote = await api("v2").getQuote(request());
    expect(quote.amountOut).toBe((await api("v1").getQuote(request())).amountOut);
    const { instructions } = await api("v2").getSwap(quote);
    const { addressesByLookupTableAddress: tables, blockhashWithMetadata } = quote.answer as {
      addressesByLookupTableAddress: Record<string, string[]>;
      blockhashWithMetadata: { blockhash: number[]; lastValidBlockHeight: number };
    };
    const message = new TransactionMessage({
      payerKey: wallet.publicKey,
      recentBlockhash: bs58.encode(Uint8Array.from(blockhashWithMetadata.blockhash)),
      instructions: instructions.map(
        ({ programId, accounts, data }) =>
          new TransactionInstruction({
            programId: new PublicKey(programId),
            keys: accounts.map((account) => ({ ...account, pubkey: new PublicKey(account.pubkey) })),
            data: Buffer.from(data, "base64"),
          }),
      ),
    }).compileToV0Message(
      Object.entries(tables).map(
        ([key, addresses]) =>
          new AddressLookupTableAccount({
            key: new PublicKey(key),
            state: {
              deactivationSlot: 2n ** 64n - 1n,
              lastExtendedSlot: 0,
              lastExtendedSlotStartIndex: 0,
              addresses: addresses.map((address) => new PublicKey(address)),
            },
          }),
      ),
    );
    const transaction = new VersionedTransaction(message);
    transaction.sign([wallet]);
    const connection = new Connection(rpcUrl, "confirmed");
    expect(blockhashWithMetadata.lastValidBlockHeight).toBe((await connection.getBlockHeight("confirmed")) + 150);
    await connection.sendRawTransaction(transaction.serialize());
    world.produceBlock();
    world.produceBlock();
    const held = await connection.getTokenAccountBalance(associatedTokenAddress(wallet.publicKey, SOL.address));
    expect(held.value.amount).toBe(quote.amountOut.toString());
  });

  test("has a compute-unit price and no limit", async () => {
    const answer = (await (await get(query)).json()) as { computeBudgetInstructions: { data: string }[] };
    expect(answer.computeBudgetInstructions.map(({ data }) => Buffer.from(data, "base64")[0])).toEqual([3]);
  });

  test.each(["v1", "v2"] as const)("of %s with fewer accounts than the route needs has none", async (version) => {
    const { instructions } = await api(version).getSwap(
      await api(version).getQuote(request({ maxAccounts: ROUTE_ACCOUNTS })),
    );
    expect(instructions.at(-1)?.accounts).toHaveLength(ROUTE_ACCOUNTS);
    await expect(api(version).getQuote(request({ maxAccounts: ROUTE_ACCOUNTS - 1 }))).rejects.toMatchObject({
      code: "INSUFFICIENT_LIQUIDITY",
      message: expect.stringContaining("No routes found"),
    });
  });

  test("is refused with a sentence and no code", async () => {
    const response = await get({ ...query, outputMint: JTO.address.toBase58() });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining("is not tradable") });
    await expect(api("v2").getQuote(request({ outputMint: mint(JTO.address.toBase58()) }))).rejects.toMatchObject({
      code: "INSUFFICIENT_LIQUIDITY",
    });
  });

  test.each([
    ["no taker", { taker: "" }],
    ["wrapping SOL", { wrapAndUnwrapSol: "true" }],
    ["a tip", { tipAmount: "1000" }],
    ["another payer", { payer: query.taker }],
    ["slippage of its own choice", { slippageBps: "rtse" }],
    ["more accounts than there may be", { maxAccounts: "65" }],
  ])("is refused for %s", async (_, over) => {
    const response = await get({ ...query, ...over });
    expect([response.status, await response.json()]).toEqual([400, { error: expect.any(String) }]);
  });
});

describe("the plan", () => {
  test("is told with answers that are 200, and with no other", async () => {
    const answered = await get(query);
    expect(Number(answered.headers.get("x-ratelimit-remaining"))).toBeGreaterThan(8_000);
    expect(Number(answered.headers.get("x-ratelimit-current"))).toBeGreaterThan(0);
    const reset = Number(answered.headers.get("x-ratelimit-reset")) - Date.now() / 1_000;
    expect(reset).toBeGreaterThan(0);
    expect(reset).toBeLessThanOrEqual(61);
    const refused = await get({ ...query, amount: "0" });
    expect(refused.headers.has("x-ratelimit-remaining")).toBe(false);
  });

  test("of three calls a minute refuses the fourth, as the gateway does", async () => {
    const venue = await startVenue({ chain: world.chain, pools: world.pools, apiKey: API_KEY, callsPerMinute: 3 });
    servers.push(venue);
    const ask = () =>
      fetch(`${venue.url}/price/v3?ids=${SOL.address.toBase58()}`, { headers: { "x-api-key": API_KEY } });
    const rest: (string | null)[] = [];
    for (let call = 0; call < 3; call += 1) rest.push((await ask()).headers.get("x-ratelimit-remaining"));
    expect(rest).toEqual(["2", "1", "0"]);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    expect(refused.headers.get("x-ratelimit-current")).toBe("3");
    expect(await refused.json()).toEqual({ code: 429, message: "[API Gateway] Too many requests" });
    const limited = jupiterV2({ config: { baseUrl: venue.url, apiKey: API_KEY }, clock, rateLimit });
    await expect(limited.getQuote(request())).rejects.toMatchObject({ code: "RATE_LIMITED" });
  });
});
