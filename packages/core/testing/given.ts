/** Builders of the nouns, in any of their statuses, for tests. */
import { MARKET_SEED, type Market } from "../src/market/market.ts";
import { type Amount, amount } from "../src/money/amount.ts";
import { bps } from "../src/money/bps.ts";
import { type Price, price as priceOf } from "../src/money/price.ts";
import { NO_FILLS, type Position, type PositionStatus } from "../src/position/position.ts";
import type { ArmedStop } from "../src/stop/stop.ts";
import type { Attempt, AttemptStatus, Fill } from "../src/trade/attempt.ts";
import { NO_SETBACKS, type Trade, type TradeStatus } from "../src/trade/trade.ts";

export const AT = new Date("2026-03-01T12:00:00.000Z");

export const price = (value: number): Price => priceOf(value);

export const units = (value: bigint | number): Amount => amount(BigInt(value));

const [first] = MARKET_SEED;
if (!first) throw new Error("markets.json is empty");
export const SOL_USDC: Market = first;

export const fill = (over: Partial<Fill> = {}): Fill => ({
  amountIn: units(100_000_000),
  amountOut: units(665_000_000),
  feeLamports: units(6_000),
  tipLamports: units(0),
  rentLamports: units(0),
  slot: 1_000n,
  ...over,
});

export function trade(status: TradeStatus, over: Partial<Pick<Trade, "kind" | "side">> = {}): Trade {
  const facts = {
    tradeId: "trd_1",
    accountId: "acc_1",
    positionId: 1,
    symbol: SOL_USDC.symbol,
    kind: "entry" as const,
    side: "buy" as const,
    inputMint: SOL_USDC.quoteMint,
    outputMint: SOL_USDC.baseMint,
    amountIn: units(100_000_000),
    minimumOut: null,
    setbacks: NO_SETBACKS,
    turnUntil: null,
    replaces: null,
    triesBefore: 0,
    plannedAt: AT,
    ...over,
  };
  const moments = { submittedAt: AT, confirmedAt: AT };
  switch (status) {
    case "planned":
      return { ...facts, status };
    case "submitted":
      return { ...facts, status, submittedAt: AT };
    case "confirmed":
      return { ...facts, status, ...moments };
    case "finalized":
      return { ...facts, status, ...moments, finalizedAt: AT };
    case "failed":
      return { ...facts, status, failedAt: AT, failure: { code: "NETWORK_ERROR", message: "" } };
    case "superseded":
      return { ...facts, status, supersededAt: AT };
    default:
      return status satisfies never;
  }
}

export function attempt(status: AttemptStatus, over: { lastValidBlockHeight?: bigint; slot?: bigint } = {}): Attempt {
  const facts = {
    attemptId: "trd_1.1",
    tradeId: "trd_1",
    positionId: 1,
    number: 1,
    follows: null,
    message: "",
    blockhash: "",
    lastValidBlockHeight: over.lastValidBlockHeight ?? 1_000n,
    slippageBps: bps(50),
    quotedOut: units(665_000_000),
    minimumOut: units(661_675_000),
    route: ["Pool"],
    draftedAt: AT,
  };
  const signed = { signature: "sig", signedAt: AT };
  const landed = { ...signed, landedAt: AT, fill: fill(over.slot === undefined ? {} : { slot: over.slot }) };
  switch (status) {
    case "drafted":
      return { ...facts, status };
    case "abandoned":
      return { ...facts, status, refusal: null };
    case "live":
      return { ...facts, status, ...signed };
    case "landed":
      return { ...facts, status, ...landed };
    case "final":
      return { ...facts, status, ...landed, endedAt: AT };
    case "errored":
      return { ...facts, status, ...signed, endedAt: AT, error: "6001", cause: "slippage", feeLamports: units(6_000) };
    case "expired":
      return { ...facts, status, ...signed, endedAt: AT };
    default:
      return status satisfies never;
  }
}

export function position(status: PositionStatus): Position {
  const facts = {
    positionId: 1,
    accountId: "acc_1",
    symbol: SOL_USDC.symbol,
    side: "buy" as const,
    size: units(100_000_000),
    totals: NO_FILLS,
    exiting: units(0),
    inDoubt: false,
    stop: { kind: "trailing" as const, distanceBps: bps(300) },
    version: 1,
    createdAt: AT,
  };
  const opened = { openedAt: AT, entryPrice: price(150), highWaterMark: price(150) };
  const reason = { closeReason: "trailing_stop" as const };
  switch (status) {
    case "opening":
      return { ...facts, status };
    case "open":
      return { ...facts, status, ...opened };
    case "closing":
      return { ...facts, status, ...opened, ...reason, partial: false };
    case "closed":
      return { ...facts, status, ...opened, ...reason, closedAt: AT };
    case "aborted":
      return { ...facts, status, closedAt: AT };
    default:
      return status satisfies never;
  }
}

export const armed = (over: Partial<ArmedStop> = {}): ArmedStop => ({
  positionId: 1,
  symbol: SOL_USDC.symbol,
  side: "buy",
  version: 1,
  stop: { kind: "trailing", distanceBps: bps(300) },
  entryPrice: price(100),
  highWaterMark: price(100),
  ...over,
});
