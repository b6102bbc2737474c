import { describe, expect, test } from "vitest";
import { configFrom } from "./config.ts";

const environment = { BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.example" };

describe("configuration", () => {
  test("has the promised defaults, its fractions in basis points", () => {
    expect(configFrom(environment)).toEqual({
      jupiter: {
        rpcEndpoint: "https://rpc.example",
        rpcEndpoints: ["https://rpc.example"],
        maxPriceImpactBps: 100,
        minSolBalance: "0.1",
        api: "v1",
        assertions: "off",
      },
      position: { maxDailySize: "10000", maxPositionSize: "1000", minPositionSize: "10", maxPositionsPerSymbol: 3 },
      stopLoss: { minDistanceBps: 100, maxDistanceBps: 2_000, defaultTrailingDistanceBps: 300 },
      exits: { floorBps: 5_000, smallestPart: "10", dust: "0.1" },
      evaluator: { tickMs: 2_000 },
    });
  });

  test("is overridden by the environment", () => {
    const config = configFrom({
      ...environment,
      BACKSTOP_STOP_LOSS_MIN_DISTANCE: "0.005",
      BACKSTOP_EVALUATOR_TICK_SECONDS: "0.5",
    });
    expect(config.stopLoss.minDistanceBps).toBe(50);
    expect(config.evaluator.tickMs).toBe(500);
  });

  test("counts what an exit leaves, and its smallest part, to the cent", () => {
    const config = configFrom({
      ...environment,
      BACKSTOP_EXITS_SMALLEST_PART: "999999.99",
      BACKSTOP_EXITS_DUST: "0.01",
    });
    expect(config.exits).toMatchObject({ smallestPart: "999999.99", dust: "0.01" });
  });

  test("sends to more RPCs than it asks, as far as they are named", () => {
    const endpoints = (text: string) =>
      configFrom({ ...environment, BACKSTOP_JUPITER_BROADCAST_ENDPOINTS: text }).jupiter.rpcEndpoints;
    expect(endpoints("https://a.example,https://b.example/key")).toEqual([
      "https://rpc.example",
      "https://a.example",
      "https://b.example/key",
    ]);
    expect(endpoints("")).toEqual(["https://rpc.example"]);
  });

  test.each([
    ["BACKSTOP_JUPITER_RPC_ENDPOINT", "no address", "must be the address of a Solana RPC"],
    ["BACKSTOP_JUPITER_BROADCAST_ENDPOINTS", "https://a.example,b.example", "at most 4 addresses of Solana RPCs"],
    ["BACKSTOP_JUPITER_BROADCAST_ENDPOINTS", Array(5).fill("https://a.example").join(), "at most 4 addresses"],
    ["BACKSTOP_JUPITER_MAX_PRICE_IMPACT", "1.5", "from 0 to 0.5"],
    ["BACKSTOP_JUPITER_MAX_PRICE_IMPACT", "abc", "from 0 to 0.5"],
    ["BACKSTOP_JUPITER_MAX_PRICE_IMPACT", "0.00001", "from 0 to 0.5: 0.00001 is finer than one basis point"],
    ["BACKSTOP_JUPITER_MIN_SOL_BALANCE", "-1", "a decimal number from 0"],
    ["BACKSTOP_JUPITER_API", "v3", "must be v1 or v2"],
    ["BACKSTOP_POSITION_MAX_POSITION_SIZE", "lots", "a decimal number from 0"],
    ["BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL", "0", "from 1 to 100"],
    ["BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL", "2.5", "a whole number from 1 to 100"],
    ["BACKSTOP_STOP_LOSS_MAX_DISTANCE", "", "from 0.0001 to 0.99"],
    ["BACKSTOP_EXITS_SMALLEST_PART", "10.001", "from 0 to 999999, of at most 2 decimals"],
    ["BACKSTOP_EXITS_SMALLEST_PART", "1000000", "from 0 to 999999, of at most 2 decimals"],
    ["BACKSTOP_EXITS_DUST", "0.001", "from 0 to 999999, of at most 2 decimals"],
    ["BACKSTOP_EXITS_DUST", ".1", "from 0 to 999999, of at most 2 decimals"],
    ["BACKSTOP_EVALUATOR_TICK_SECONDS", "0.1", "from 0.5 to 30"],
    ["BACKSTOP_POSITION_MIN_POSITION_SIZE", "2000", "at most BACKSTOP_POSITION_MAX_POSITION_SIZE"],
    ["BACKSTOP_STOP_LOSS_MIN_DISTANCE", "0.3", "at most BACKSTOP_STOP_LOSS_MAX_DISTANCE"],
  ])("stops the start for %s=%s with its name, its value and the range", (name, value, range) => {
    const start = () => configFrom({ ...environment, [name]: value });
    expect(start).toThrow(`${name}=${value}: `);
    expect(start).toThrow(range);
  });

  test("names what is missing", () => {
    expect(() => configFrom({})).toThrow("BACKSTOP_JUPITER_RPC_ENDPOINT=");
  });
});
