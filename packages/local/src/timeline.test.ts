import type { NewEvent, StoredEvent } from "@backstop/core/event/event";
import { MARKET_SEED } from "@backstop/core/market/market";
import { describe, expect, it } from "vitest";
import { tell } from "./timeline.ts";

const told = (side: "buy" | "sell", event: NewEvent): string => {
  const [market] = MARKET_SEED;
  const written = { eventId: "evt_1_1", sequence: 1n, positionId: 1, positionSequence: 1, at: new Date(0) };
  return market ? tell({ ...event, ...written } as StoredEvent, market, side) : expect.unreachable();
};

const REF = { positionId: 1, symbol: "SOL/USDC" };

describe("the timeline", () => {
  it.each([
    ["buy", "stop raised to 145.000: the market reached 150.000"],
    ["sell", "stop lowered to 145.000: the market reached 150.000"],
  ] as const)("tells where a stop of side %s went", (side, line) => {
    const payload = { ...REF, stopPrice: "145", highWaterMark: "150", acceptedPrice: "150" };
    expect(told(side, { name: "trailing_stop_updated", payload })).toBe(line);
  });

  it.each([
    ["buy", "STOP (trailing_stop): 144.000 is at or below 145.000, after a high of 150.000"],
    ["sell", "STOP (trailing_stop): 144.000 is at or above 145.000, after a low of 150.000"],
  ] as const)("tells why a stop of side %s fired", (side, line) => {
    const prices = { acceptedPrice: "144", stopPrice: "145", highWaterMark: "150" };
    const payload = { ...REF, ...prices, tradeId: "trd_1", reason: "trailing_stop" };
    expect(told(side, { name: "stop_loss_triggered", payload })).toBe(line);
  });

  it.each([
    ["buy", "position 1 opened: 0.5 SOL bought at 150.000, its stop is armed"],
    ["sell", "position 1 opened: 0.5 SOL sold at 150.000, its stop is armed"],
  ] as const)("tells what a position of side %s holds", (side, line) => {
    const payload = { ...REF, quantity: "500000000", entryPrice: "150" };
    expect(told(side, { name: "position_opened", payload })).toBe(line);
  });
});
