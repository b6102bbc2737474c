/**
 * What a recorded attempt must be before its transaction is looked at: the trade that its rows say, within the limits. Pure.
 *
 * Invariant: rows are not believed because they are there: whoever could write to them could not make them sign more than an
 * entry or an exit of the account may.
 */
import type { DailyUse } from "../account/account.ts";
import type { Config } from "../config.ts";
import { legs, type Market } from "../market/market.ts";
import { amount, formatAmount, mulDiv, parseAmount } from "../money/amount.ts";
import { type Price, valueAt } from "../money/price.ts";
import { held } from "../position/position.ts";
import type { SwapIntent } from "../solana/firewall/intent.ts";
import type { Attempt } from "./attempt.ts";
import { floorOf, offOf } from "./floor.ts";
import type { TradeRecord } from "./trade.store.ts";
import { MOVING_TRADES } from "./trade.ts";

export interface Breach {
  readonly code: "UNSAFE_TRANSACTION" | "RISK_LIMIT_EXCEEDED";
  readonly rule: string;
  readonly reason: string;
}

const breach = (rule: string, reason: string): Breach => ({ code: "UNSAFE_TRANSACTION", rule, reason });

/** Whether it may still get an attempt: what has changed since it was drafted is nobody's fault. */
export const isMoving = ({ trade, position }: TradeRecord): boolean =>
  MOVING_TRADES.some((status) => status === trade.status) &&
  (trade.kind === "entry"
    ? position.status === "opening"
    : position.status === "closing" && !position.inDoubt && trade.amountIn <= held(position.totals));

/** Null: the rows say one trade of one account, and the wallet is its own. */
export function rowsBreach(record: TradeRecord, attempt: Attempt, market: Market, wallet: string): Breach | null {
  const { trade, position } = record;
  if (record.wallet !== wallet) {
    return breach("own_wallet", `the attempt is of the wallet ${record.wallet}, the key is ${wallet}'s`);
  }
  const { input, output } = legs(market, trade.side);
  if (trade.inputMint !== input || trade.outputMint !== output) {
    return breach("market", `a ${trade.side} in ${market.symbol} spends ${input} for ${output}`);
  }
  const opens = trade.side === position.side;
  if (trade.symbol !== position.symbol || opens !== (trade.kind === "entry")) {
    return breach("direction", `a ${trade.side} is no ${trade.kind} of a position of side ${position.side}`);
  }
  if (trade.minimumOut !== null && attempt.minimumOut < trade.minimumOut) {
    return breach("callers_minimum", `it accepts ${attempt.minimumOut} base units: its caller ${trade.minimumOut}`);
  }
  return null;
}

/** Millionths of the quote currency: whatever the decimals of its mint. */
const DAILY_DECIMALS = 6;

/** An entry of side `sell` spends what its size was worth when it was planned: until it is signed the price moves a little. */
const SIZE_TOLERANCE_PERCENT = 105n;

/** What an entry uses of its account's day, or that it is larger than an entry may be. */
export function useOf(
  { trade }: TradeRecord,
  price: Price,
  market: Market,
  { position: limits }: Pick<Config, "position">,
): DailyUse | Breach {
  const { quoteDecimals } = market;
  const value = trade.side === "buy" ? trade.amountIn : amount(valueAt(trade.amountIn, price, market));
  const max = parseAmount(limits.maxPositionSize, quoteDecimals);
  if (value * 100n > max * SIZE_TOLERANCE_PERCENT) {
    const told = formatAmount(value, quoteDecimals);
    return breach("max_position_size", `it is worth ${told}: at most ${limits.maxPositionSize}`);
  }
  const asked = mulDiv(value, 10n ** BigInt(DAILY_DECIMALS), 10n ** BigInt(quoteDecimals), "up");
  return { asked: amount(asked), max: parseAmount(limits.maxDailySize, DAILY_DECIMALS) };
}

/** Null: that much of the day is left. */
export function dailyBreach({ asked, max }: DailyUse, used: bigint): Breach | null {
  if (used + asked <= max) return null;
  const [told, left, all] = [asked, used, max].map((each) => formatAmount(each, DAILY_DECIMALS));
  const reason = `the entries of this UTC day come to ${left}, and this one to ${told}: at most ${all}`;
  return { code: "RISK_LIMIT_EXCEEDED", rule: "daily_limit", reason };
}

/** What its transaction may do. */
export const intentOf = (
  { trade, wallet }: TradeRecord,
  attempt: Attempt,
  price: Price,
  market: Market,
  config: Pick<Config, "jupiter" | "exits">,
): SwapIntent => ({
  kind: trade.kind,
  attemptId: attempt.attemptId,
  wallet,
  inputMint: trade.inputMint,
  outputMint: trade.outputMint,
  amountIn: trade.amountIn,
  minimumOut: attempt.minimumOut,
  leastOut: floorOf(trade.amountIn, trade.side, price, offOf(trade.kind, config), market),
});
