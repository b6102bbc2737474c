/** The real `@jup-ag/api` against answers as Jupiter documents them, and as gateways spoil them. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SOL_USDC, units } from "../../testing/given.ts";
import { AMOUNT_MAX } from "../money/amount.ts";
import { bps } from "../money/bps.ts";
import { JupiterApi } from "./client.ts";

interface Asked {
  readonly url: URL;
  readonly apiKey: string | undefined;
  readonly body: string;
}

let server: Server;
let client: JupiterApi;
let asked: Asked[];
let answer: { status: number; body: string } | "never";

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push({ url: new URL(request.url ?? "", "http://local"), apiKey: String(request.headers["x-api-key"]), body });
    if (answer === "never") return;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = { now: () => new Date(0), sleep: async () => {}, deadline: () => AbortSignal.timeout(150) };
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new JupiterApi({ baseUrl, apiKey: "the-key" }, clock);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

const quoteBody = (over: object = {}) => ({
  inputMint: SOL_USDC.quoteMint,
  inAmount: "100000000",
  outputMint: SOL_USDC.baseMint,
  outAmount: "665000001",
  otherAmountThreshold: "661675000",
  swapMode: "ExactIn",
  slippageBps: 50,
  platformFee: null,
  priceImpactPct: "0.0012",
  routePlan: [
    {
      swapInfo: { ammKey: "amm", label: "Pool", inputMint: "a", outputMint: "b", inAmount: "1", outAmount: "2" },
      percent: 100,
    },
  ],
  contextSlot: 400_000_000,
  aFieldOfTomorrow: { kept: true },
  ...over,
});

const request = {
  inputMint: SOL_USDC.quoteMint,
  outputMint: SOL_USDC.baseMint,
  amountIn: units(100_000_000),
  slippageBps: bps(50),
  asked: { symbol: "SOL/USDC", size: "100" },
};

const reply = (status: number, body: unknown) => {
  answer = { status, body: typeof body === "string" ? body : JSON.stringify(body) };
};

describe("a quote", () => {
  test("is asked for with the key and read in base units, its minimum rounded down", async () => {
    reply(200, quoteBody());
    const quote = await client.getQuote(request);
    expect(quote).toMatchObject({
      amountIn: 100_000_000n,
      amountOut: 665_000_001n,
      minimumOut: 661_675_000n,
      priceImpact: 0.0012,
    });
    expect(asked[0]?.apiKey).toBe("the-key");
    expect(asked[0]?.url.pathname).toBe("/swap/v1/quote");
    expect(asked[0]?.url.searchParams.get("amount")).toBe("100000000");
  });

  test("asks for amounts that no double holds", async () => {
    reply(200, quoteBody({ inAmount: AMOUNT_MAX.toString() }));
    await client.getQuote({ ...request, amountIn: units(AMOUNT_MAX) });
    expect(asked[0]?.url.searchParams.get("amount")).toBe("18446744073709551615");
  });

  test("for another amount than the one asked for is none", async () => {
    reply(200, quoteBody({ inAmount: "1" }));
    await expect(client.getQuote(request)).rejects.toMatchObject({ code: "NETWORK_ERROR" });
  });

  test.each([
    ["COULD_NOT_FIND_ANY_ROUTE", 400, { error: "Could not find any route", errorCode: "COULD_NOT_FIND_ANY_ROUTE" }],
    ["TOKEN_NOT_TRADABLE", 400, { error: "The token X is not tradable", errorCode: "TOKEN_NOT_TRADABLE" }],
    ["no code", 400, { error: "Could not find any route" }],
    ["plain text", 400, '"Route not found"'],
    ["a status of 200", 200, { error: "No routes found", errorCode: "NO_ROUTES_FOUND" }],
  ])("that no route gives is INSUFFICIENT_LIQUIDITY: %s", async (_, status, body) => {
    reply(status, body);
    await expect(client.getQuote(request)).rejects.toMatchObject({
      code: "INSUFFICIENT_LIQUIDITY",
      context: { symbol: "SOL/USDC", size: "100" },
    });
  });

  test.each([
    ["the plan's limit", 429, { code: 429, message: "[API Gateway] Too many requests" }],
    ["a wrong key", 401, { code: 401, message: "Unauthorized" }],
    ["a broken gateway", 502, "<html>Bad Gateway</html>"],
    ["no route, said by a broken server", 503, { error: "x", errorCode: "NO_ROUTES_FOUND" }],
    ["an error that is none of the routing ones", 400, { error: "boom", errorCode: "SOMETHING_NEW" }],
    ["a missing field", 200, { ...quoteBody(), outAmount: undefined }],
    ["a number where a string belongs", 200, quoteBody({ outAmount: 665 })],
    ["an empty route", 200, quoteBody({ routePlan: [] })],
    ["no JSON", 200, "{"],
  ])("that is not known is NETWORK_ERROR, never 'no route': %s", async (_, status, body) => {
    reply(status, body);
    await expect(client.getQuote(request)).rejects.toMatchObject({ code: "NETWORK_ERROR" });
  });

  test("that does not come in time is NETWORK_ERROR", async () => {
    answer = "never";
    await expect(client.getQuote(request)).rejects.toMatchObject({ code: "NETWORK_ERROR" });
  });
});

describe("swap instructions", () => {
  const instruction = (programId: string) => ({
    programId,
    accounts: [{ pubkey: "a", isSigner: false, isWritable: true }],
    data: "AQ==",
  });

  test("send the quote back as it came, keep SOL wrapped, and stay in their order", async () => {
    reply(200, quoteBody());
    const quote = await client.getQuote(request);
    reply(200, {
      otherInstructions: [instruction("other")],
      computeBudgetInstructions: [instruction("limit"), instruction("price")],
      setupInstructions: [instruction("setup")],
      swapInstruction: instruction("swap"),
      cleanupInstruction: null,
      addressLookupTableAddresses: ["table"],
      aFieldOfTomorrow: 1,
    });
    const swap = await client.getSwapInstructions(quote, "wallet", request.asked);
    expect(swap.instructions.map((each) => each.programId)).toEqual(["limit", "price", "other", "setup", "swap"]);
    expect(swap.lookupTables).toEqual(["table"]);
    const sent = JSON.parse(asked[1]?.body ?? "");
    expect(sent.quoteResponse.aFieldOfTomorrow).toEqual({ kept: true });
    expect(sent).toMatchObject({ userPublicKey: "wallet", wrapAndUnwrapSol: false });
  });
});
