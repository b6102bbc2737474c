/** How often a trade is tried, how long it waits in between, and how much slippage each attempt allows. */
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

/**
 * How long a turn to make an attempt lasts: longer than its calls take, and over before the message that takes over if its
 * function died (20 s from the API; 25 s, when a message becomes visible again, from the queue).
 */
export const TURN_MS = 18_000;

/** A message that comes this much before its trade may be tried is another one's echo. Less is the difference of two clocks. */
export const ECHO_MS = 1_000;

/** The first pause, and the longest: what is in the way of an exit may go away at any moment. */
const PAUSE_SECONDS = { first: 2, longest: 60 };

/** How long to wait after the `setbacks`th try in a row that came to nothing; 0 before the first. */
export const pauseAfter = (setbacks: number): number =>
  setbacks <= 0 ? 0 : Math.min(PAUSE_SECONDS.first * 2 ** Math.min(setbacks - 1, 10), PAUSE_SECONDS.longest);

/** How many of `tries` came after the ladder's end: there an exit goes on, but with pauses. */
export const triesAtTheCap = (kind: TradeKind, tries: number): number =>
  Math.max(0, tries - POLICIES[kind].slippage.length);

/** The slippage of the `number`th attempt, counted from 1. */
export function slippageOf(kind: TradeKind, number: number): Bps {
  const { slippage } = POLICIES[kind];
  return slippage[Math.min(number, slippage.length) - 1] ?? slippage[0];
}

/** The most that any attempt of such a trade allows. */
export const slippageMax = (kind: TradeKind): Bps => slippageOf(kind, POLICIES[kind].slippage.length);

/** Whether the trade may have another attempt after `made` of them. */
export const mayTryAgain = (kind: TradeKind, made: number): boolean => made < POLICIES[kind].attemptsMax;

/** As much slippage as was meant, and no more than the minimum allows; null: the quote is below it already. */
export function slippageWithin(slippage: Bps, quotedOut: Amount, minimumOut: Amount | null): Bps | null {
  if (minimumOut === null) return slippage;
  if (quotedOut < minimumOut) return null;
  const allowed = Number(((quotedOut - minimumOut) * BigInt(BPS_ONE)) / quotedOut);
  return bps(Math.min(slippage, allowed));
}
