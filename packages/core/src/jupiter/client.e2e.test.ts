/** Both versions of the API, through the client that each has, against answers as documented, and as gateways spoil them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AnsweringServer, startAnsweringServer } from "../../testing/answering-server.ts";
import { SOL_USDC, units } from "../../testing/given.ts";
import { buildBody, instruction, instructionsBody, quoteBody } from "../../testing/jupiter-bodies.ts";
import type { Clock } from "../clock.ts";
import { type EngineError, isEngineError } from "../error.ts";
import { AMOUNT_MAX } from "../money/amount.ts";
import { bps } from "../money/bps.ts";
import type { JupiterApi, QuoteRequest } from "./client.ts";
import { withSlippage } from "./client.ts";
import type { RateLimit, Told } from "./rate-limit.ts";
import { jupiterV1 } from "./v1.ts";
import { jupiterV2 } from "./v2.ts";

let server: AnsweringServer;
let now: number;
let turns: (Date | null)[];
let slept: number[];
let learned: Told[];
let deadlines: number[];

const clock: Clock = {
  now: () => new Date(now),
  sleep: async (milliseconds) => {
    slept.push(milliseconds);
    now += milliseconds;
  },
  deadline: (milliseconds) => {
    deadlines.push(milliseconds);
    return AbortSignal.timeout(150);
  },
};
const rateLimit: RateLimit = {
  take: async () => turns.shift() ?? null,
  learn: async (told) => void learned.push(told),
};

beforeAll(async () => {
  server = await startAnsweringServer();
});
afterAll(() => server.close());
beforeEach(() => {
  now = 1_760_000_000_000;
  turns = [];
  slept = [];
  learned = [];
  deadlines = [];
});

const request: QuoteRequest = {
  inputMint: SOL_USDC.quoteMint,
  outputMint: SOL_USDC.baseMint,
  amountIn: units(100_000_000),
  slippageBps: bps(50),
  wallet: "BQ72nSv9f3PRyRKCBnHLVrerrv37CYTHm5h3s9VSGQDV",
  priority: "entry",
  maxAccounts: null,
  without: [],
  asked: { symbol: "SOL/USDC", size: "100" },
};

const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  server.answer({ status, body: typeof body === "string" ? body : JSON.stringify(body), headers });

const versions = [
  { version: "v1", make: jupiterV1, path: "/swap/v1/quote", body: quoteBody, slot: 400_000_000n },
  { version: "v2", make: jupiterV2, path: "/swap/v2/build", body: buildBody, slot: null },
] as const;

const without = (body: object, field: string) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));

describe.each(versions)("a quote of $version", ({ make, path, body, slot }) => {
  let api: JupiterApi;
  beforeAll(() => {
    api = make({ config: { baseUrl: server.url, apiKey: "the-key" }, clock, rateLimit });
  });

  /** What the quote is refused with. */
  async function refusal(): Promise<EngineError> {
    const error: unknown = await api.getQuote(request).catch((thrown: unknown) => thrown);
    if (!isEngineError(error)) throw new TypeError("it is not refused", { cause: error });
    return error;
  }

  test("is asked for with the key and read in base units, its minimum rounded down", async () => {
    reply(200, body());
    expect(await api.getQuote(request)).toMatchObject({
      inputMint: request.inputMint,
      outputMint: request.outputMint,
      amountIn: 100_000_000n,
      amountOut: 665_000_001n,
      minimumOut: 661_675_000n,
      slippageBps: 50,
      priceImpact: 0.0012,
      contextSlot: slot,
      takenAt: new Date(now),
      request,
    });
    const [asked] = server.asked;
    expect(asked?.headers["x-api-key"]).toBe("the-key");
    expect(asked?.url.pathname).toBe(path);
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toMatchObject({ amount: "100000000", slippageBps: "50" });
    expect(asked?.url.searchParams.has("maxAccounts")).toBe(false);
  });

  test("keeps its answer whole", async () => {
    reply(200, body());
    expect((await api.getQuote(request)).answer).toEqual(JSON.parse(JSON.stringify(body())));
  });

  test("asks for amounts that no double holds, and for a smaller route", async () => {
    reply(200, body({ inAmount: AMOUNT_MAX.toString() }));
    await api.getQuote({ ...request, amountIn: units(AMOUNT_MAX), maxAccounts: 30 });
    const [asked] = server.asked;
    expect(asked?.url.searchParams.get("amount")).toBe("18446744073709551615");
    expect(asked?.url.searchParams.get("maxAccounts")).toBe("30");
  });

  test.each([
    ["amount", { inAmount: "1" }],
    ["input", { inputMint: SOL_USDC.baseMint }],
    ["output", { outputMint: SOL_USDC.quoteMint }],
    ["slippage", { slippageBps: 5_000 }],
  ])("for another %s than the one asked for is none", async (_, over) => {
    reply(200, body(over));
    expect(await refusal()).toMatchObject({ code: "NETWORK_ERROR", message: /another swap/ });
  });

  test.each([
    "inputMint",
    "inAmount",
    "outputMint",
    "outAmount",
    "otherAmountThreshold",
    "swapMode",
    "slippageBps",
    "priceImpactPct",
    "routePlan",
  ])("without %s is none, and says so", async (field) => {
    reply(200, without(body(), field));
    const error = await refusal();
    expect(error.code).toBe("NETWORK_ERROR");
    expect(error.message).toContain(`makes no sense: ${field}: `);
  });

  test.each([
    ["COULD_NOT_FIND_ANY_ROUTE", 400, { error: "Could not find any route", errorCode: "COULD_NOT_FIND_ANY_ROUTE" }],
    ["TOKEN_NOT_TRADABLE", 400, { error: "The token X is not tradable", errorCode: "TOKEN_NOT_TRADABLE" }],
    ["no code", 400, { error: "No routes found" }],
    ["no code for the token", 400, { error: "The token X is not tradable" }],
    ["plain text", 400, '"Route not found"'],
    ["a status of 200", 200, { error: "No routes found", errorCode: "NO_ROUTES_FOUND" }],
  ])("that no route gives is INSUFFICIENT_LIQUIDITY: %s", async (_, status, said) => {
    reply(status, said);
    expect(await refusal()).toMatchObject({
      code: "INSUFFICIENT_LIQUIDITY",
      context: { symbol: "SOL/USDC", size: "100" },
    });
  });

  test.each([
    ["a broken gateway", 502, "<html>Bad Gateway</html>", "answered 502: <html>"],
    ["no route, said by a broken server", 503, { error: "No routes found", errorCode: "NO_ROUTES_FOUND" }, "503"],
    ["an error that is none of the routing ones", 400, { error: "boom", errorCode: "NEW" }, "400: boom (NEW)"],
    ["a code that every object has", 400, { error: "boom", errorCode: "toString" }, "400: boom (toString)"],
    ["a request that is wrong", 400, { error: { name: "ZodError", issues: [] } }, 'answered 400: {"name":"ZodError"'],
    ["a body of the gateway", 404, { code: 404, message: "Route Not Known" }, "answered 404: Route Not Known"],
    ["an error under a status of 200", 200, { error: "boom" }, "answered 200: boom"],
    ["no JSON", 200, "{", "answered 200 with what is no JSON"],
    ["nothing", 200, "", "answered 200 with what is no JSON"],
    ["null", 200, "null", "makes no sense: the body"],
    ["a number where a string belongs", 200, body({ outAmount: 665 }), "makes no sense: outAmount"],
    ["an empty route", 200, body({ routePlan: [] }), "makes no sense: routePlan"],
    ["an exact output", 200, body({ swapMode: "ExactOut" }), "makes no sense: swapMode"],
  ])("that is not known is NETWORK_ERROR, never 'no route': %s", async (_, status, said, words) => {
    reply(status, said);
    const error = await refusal();
    expect(error).toMatchObject({ code: "NETWORK_ERROR", context: { upstream: "jupiter", outcome: "known" } });
    expect(error.message).toContain(words);
  });

  test.each([401, 403])("for a key that is refused (%i) says so without the key", async (status) => {
    reply(status, { code: status, message: "the-key is not known" });
    const error = await refusal();
    expect(error).toMatchObject({ code: "NETWORK_ERROR", message: /refuses the key/ });
    expect(error.message).not.toContain("the-key");
  });

  test.each(["never", "half"] as const)("that does not come in time is NETWORK_ERROR: %s", async (answer) => {
    server.answer(answer);
    expect(await refusal()).toMatchObject({ code: "NETWORK_ERROR", message: "Jupiter did not answer within 3000 ms" });
    expect(deadlines).toEqual([3_000]);
  });

  test("from nowhere is NETWORK_ERROR", async () => {
    const nowhere = make({ config: { baseUrl: "http://127.0.0.1:1", apiKey: "k" }, clock, rateLimit });
    await expect(nowhere.getQuote(request)).rejects.toMatchObject({
      code: "NETWORK_ERROR",
      message: /could not be reached/,
    });
  });

  test("that is one too many is RATE_LIMITED, until the time that is told", async () => {
    const headers = { "x-ratelimit-remaining": "-2", "x-ratelimit-current": "62", "x-ratelimit-reset": "1760000007" };
    reply(429, { code: 429, message: "[API Gateway] Too many requests" }, headers);
    expect(await refusal()).toMatchObject({
      code: "RATE_LIMITED",
      context: { upstream: "jupiter", retryAfterSeconds: "7" },
    });
    expect(learned).toEqual([
      { refused: true, window: { remaining: -2, current: 62, resetAt: new Date(1_760_000_007_000) } },
    ]);
  });

  test("that is one too many without a time is RATE_LIMITED, too", async () => {
    reply(429, { code: 429, message: "Too many requests" });
    expect(await refusal()).toMatchObject({ code: "RATE_LIMITED", context: { retryAfterSeconds: "1" } });
    expect(learned).toEqual([{ refused: true, window: null }]);
  });

  test("waits for its turn, and is not asked for when that is too far", async () => {
    reply(200, body());
    turns = [new Date(now + 1_000)];
    await api.getQuote(request);
    expect(slept).toEqual([1_000]);
    turns = [new Date(now + 30_000)];
    reply(200, body());
    expect(await refusal()).toMatchObject({ code: "RATE_LIMITED", context: { retryAfterSeconds: "30" } });
    expect(server.asked).toEqual([]);
  });
});

describe("a swap of v1", () => {
  const api = () => jupiterV1({ config: { baseUrl: server.url, apiKey: "the-key" }, clock, rateLimit });

  async function quoted() {
    reply(200, quoteBody());
    return api().getQuote(request);
  }

  test("sends the quote back as it came, keeps SOL wrapped, and leaves the compute budget to us", async () => {
    const quote = await quoted();
    reply(200, instructionsBody({ cleanupInstruction: instruction("cleanup") }));
    const swap = await api().getSwap(quote);
    expect(swap.quote).toBe(quote);
    expect(swap.instructions.map((each) => each.programId)).toEqual(["other", "setup", "swap", "cleanup"]);
    expect(swap.lookupTables).toEqual(["table"]);
    expect(swap.simulationError).toBeNull();
    const sent = JSON.parse(server.asked[0]?.body ?? "");
    expect(sent.quoteResponse).toEqual(JSON.parse(JSON.stringify(quoteBody())));
    expect(sent).toMatchObject({ userPublicKey: request.wallet, wrapAndUnwrapSol: false });
    expect(server.asked[0]?.headers["x-api-key"]).toBe("the-key");
  });

  test("with another slippage sends the quote with that, and nothing else of it changed", async () => {
    const quote = withSlippage(await quoted(), bps(300));
    expect(quote.minimumOut).toBe(645_050_000n);
    reply(200, instructionsBody());
    await api().getSwap(quote);
    const sent = JSON.parse(server.asked[0]?.body ?? "");
    const expected = { ...quoteBody(), slippageBps: 300, otherAmountThreshold: "645050000" };
    expect(sent.quoteResponse).toEqual(JSON.parse(JSON.stringify(expected)));
  });

  test("keeps what Jupiter's own simulation said", async () => {
    const quote = await quoted();
    reply(200, instructionsBody({ simulationError: { errorCode: "TRANSACTION_ERROR", error: "custom 0x1771" } }));
    expect((await api().getSwap(quote)).simulationError).toBe(
      '{"errorCode":"TRANSACTION_ERROR","error":"custom 0x1771"}',
    );
  });

  test.each(["setupInstructions", "swapInstruction", "addressLookupTableAddresses"])(
    "without %s is none, and says so",
    async (field) => {
      const quote = await quoted();
      reply(200, without(instructionsBody(), field));
      await expect(api().getSwap(quote)).rejects.toMatchObject({
        code: "NETWORK_ERROR",
        message: expect.stringContaining(`makes no sense: ${field}: `),
      });
    },
  );
});

describe("a swap of v2", () => {
  const api = () => jupiterV2({ config: { baseUrl: server.url, apiKey: "the-key" }, clock, rateLimit });

  async function quoted() {
    reply(200, buildBody());
    return api().getQuote(request);
  }

  test("is built for the wallet, with SOL wrapped, and asked for once", async () => {
    const quote = await quoted();
    const swap = await api().getSwap(quote);
    expect(swap.quote).toBe(quote);
    expect(swap.instructions.map((each) => each.programId)).toEqual(["setup", "swap", "cleanup", "other"]);
    expect(swap.lookupTables).toEqual(["table", "another"]);
    expect(server.asked).toHaveLength(1);
    expect(Object.fromEntries(server.asked[0]?.url.searchParams ?? [])).toEqual({
      inputMint: request.inputMint,
      outputMint: request.outputMint,
      amount: "100000000",
      taker: request.wallet,
      slippageBps: "50",
      wrapAndUnwrapSol: "false",
    });
  });

  test("that needs no lookup tables has none", async () => {
    reply(200, buildBody({ addressesByLookupTableAddress: null, cleanupInstruction: null, otherInstructions: [] }));
    const swap = await api().getSwap(await api().getQuote(request));
    expect(swap.lookupTables).toEqual([]);
    expect(swap.instructions.map((each) => each.programId)).toEqual(["setup", "swap"]);
  });

  test("with another slippage is built anew, and is for the quote of that build", async () => {
    const quote = withSlippage(await quoted(), bps(300));
    reply(200, buildBody({ slippageBps: 300, outAmount: "660000000" }));
    const swap = await api().getSwap(quote);
    expect(server.asked[0]?.url.searchParams.get("slippageBps")).toBe("300");
    expect(swap.quote).toMatchObject({ amountOut: 660_000_000n, minimumOut: 640_200_000n, slippageBps: 300 });
  });

  test("is built anew when it has become old", async () => {
    const quote = await quoted();
    now += 3_000;
    reply(200, buildBody({ outAmount: "660000000" }));
    expect((await api().getSwap(quote)).quote).toMatchObject({ amountOut: 660_000_000n, takenAt: new Date(now) });
  });

  test.each(["setupInstructions", "swapInstruction"])("without %s is no quote either", async (field) => {
    reply(200, without(buildBody(), field));
    await expect(api().getQuote(request)).rejects.toMatchObject({
      code: "NETWORK_ERROR",
      message: expect.stringContaining(`makes no sense: ${field}: `),
    });
  });
});
