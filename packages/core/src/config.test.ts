import { describe, expect, test } from "vitest";
import { configFrom } from "./config.ts";

const environment = { BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.example" };

describe("configuration", () => {
  test("has the promised defaults, its fractions in basis points", () => {
    expect(configFrom(environment)).toEqual({
      jupiter: { rpcEndpoint: "https://rpc.example", maxPriceImpactBps: 100, minSolBalance: "0.1" },
      position: { maxPositionSize: "1000", minPositionSize: "10", maxPositionsPerSymbol: 3 },
      stopLoss: { minDistanceBps: 100, maxDistanceBps: 2_000, defaultTrailingDistanceBps: 300 },
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

  test.each([
    ["BACKSTOP_JUPITER_RPC_ENDPOINT", "no address"],
    ["BACKSTOP_JUPITER_MAX_PRICE_IMPACT", "1.5"],
    ["BACKSTOP_JUPITER_MAX_PRICE_IMPACT", "0.00001"],
    ["BACKSTOP_JUPITER_MIN_SOL_BALANCE", "-1"],
    ["BACKSTOP_POSITION_MAX_POSITION_SIZE", "lots"],
    ["BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL", "0"],
    ["BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL", "2.5"],
    ["BACKSTOP_STOP_LOSS_MAX_DISTANCE", ""],
    ["BACKSTOP_EVALUATOR_TICK_SECONDS", "0.1"],
  ])("stops the start for %s=%s, naming it", (name, value) => {
    expect(() => configFrom({ ...environment, [name]: value })).toThrow(`${name}=${value}: `);
  });

  test("names what is missing", () => {
    expect(() => configFrom({})).toThrow("BACKSTOP_JUPITER_RPC_ENDPOINT=");
  });
});
