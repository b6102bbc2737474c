/** How often a trade is tried, and how much slippage each attempt allows. */
import type { Amount } from "../money/amount.ts";
import { BPS_ONE, type Bps, bps } from "../money/bps.ts";
import type { TradeKind } from "./trade.ts";

interface Policy {
  /** Of the first attempt, the second …; the last one stays for all that follow. */
  readonly slippage: readonly [Bps, ...Bps[]];
  readonly attemptsMax: number;
}

const POLICIES: Readonly<Record<TradeKind, Policy>> = {
  // An entry that did not get its price twice is a price the caller did not see: they decide again.
  entry: { slippage: [bps(50), bps(100)], attemptsMax: 2 },
  // An exit goes on until the chain shows no exposure; the ladder is wide because a gap must still sell.
  exit: {
    slippage: [bps(50), bps(100), bps(300), bps(800), bps(2000)],
    attemptsMax: Number.POSITIVE_INFINITY,
  },
};

/** An entry gets no new attempt this long after it was planned: the price its caller saw is gone. */
export const ENTRY_LIFE_MS = 30_000;

/** A draft older than this belongs to a function that died: its blockhash has half its life left at most. */
export const DRAFT_LIFE_MS = 15_000;

/** The slippage of the `number`th attempt, counted from 1. */
export function slippageOf(kind: TradeKind, number: number): Bps {
  const { slippage } = POLICIES[kind];
  return slippage[Math.min(number, slippage.length) - 1] ?? slippage[0];
}

/** Whether the trade may have another attempt after `made` of them. */
export const mayTryAgain = (kind: TradeKind, made: number): boolean => made < POLICIES[kind].attemptsMax;

/** As much slippage as was meant, and no more than the minimum allows; null: the quote is below it already. */
export function slippageWithin(slippage: Bps, quotedOut: Amount, minimumOut: Amount | null): Bps | null {
  if (minimumOut === null) return slippage;
  if (quotedOut < minimumOut) return null;
  const allowed = Number(((quotedOut - minimumOut) * BigInt(BPS_ONE)) / quotedOut);
  return bps(Math.min(slippage, allowed));
}
