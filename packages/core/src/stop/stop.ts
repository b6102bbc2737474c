/**
 * Stops: the rule on a position. Pure, and the one predicate that decides everywhere: in the book, in its oracle, in
 * the API's preview.
 *
 * Invariants, for side `buy` (side `sell` mirrors each of them):
 * - the high-water mark never falls, so the trigger price of a trailing stop never falls;
 * - a trailing stop with an activation is asleep until the mark has reached it, and never falls asleep again;
 * - a stop is hit at its trigger price or beyond it, however far beyond;
 * - a rule that arrives already breached is refused with both numbers, never placed and never fired.
 */
import { EngineError } from "../error.ts";
import type { Side } from "../market/market.ts";
import { BPS_ONE, type Bps, fractionOf } from "../money/bps.ts";
import { formatPrice, type Price } from "../money/price.ts";

export type Stop =
  | { readonly kind: "fixed"; readonly price: Price }
  | {
      readonly kind: "trailing";
      readonly distanceBps: Bps;
      /** Asleep until the market has moved this far from the entry in the position's favour. */
      readonly activationBps?: Bps;
    };

/** A rule on an open position, as it is watched. */
export interface ArmedStop {
  readonly positionId: number;
  readonly symbol: string;
  readonly side: Side;
  /** The version of the rule: a claim names the one it judged. */
  readonly version: number;
  readonly stop: Stop;
  readonly entryPrice: Price;
  /** Best accepted price since the stop was armed: the highest for side `buy`, the lowest for side `sell`. */
  readonly highWaterMark: Price;
}

/** What the predicates look at. */
export type Rule = Pick<ArmedStop, "side" | "stop" | "entryPrice" | "highWaterMark">;

/** `price` moved by `distance` against a position of `side`: down for `buy`, up for `sell`. */
const against = (side: Side, price: Price, distance: Bps): Price =>
  ((price * (side === "buy" ? BPS_ONE - distance : BPS_ONE + distance)) / BPS_ONE) as Price;

/** Whether a position of `side` would rather have `price` than `other`. */
export const isBetter = (side: Side, price: number, other: number): boolean =>
  side === "buy" ? price > other : price < other;

/** The better one of the mark and the accepted price. */
export const raise = (side: Side, highWaterMark: Price, accepted: Price): Price =>
  isBetter(side, accepted, highWaterMark) ? accepted : highWaterMark;

/** The price at or beyond which the stop is hit; null: a trailing stop that is not active yet. */
export function triggerPrice({ side, stop, entryPrice, highWaterMark }: Rule): Price | null {
  if (stop.kind === "fixed") return stop.price;
  if (
    stop.activationBps !== undefined &&
    isBetter(side, activationPrice(side, entryPrice, stop.activationBps), highWaterMark)
  ) {
    return null;
  }
  return against(side, highWaterMark, stop.distanceBps);
}

/** Where a trailing stop wakes up. */
const activationPrice = (side: Side, entryPrice: Price, activation: Bps): Price =>
  against(side === "buy" ? "sell" : "buy", entryPrice, activation);

export function isHit(rule: Rule, accepted: Price): boolean {
  const level = triggerPrice(rule);
  return level !== null && !isBetter(rule.side, accepted, level);
}

export type CloseReason = "stop_loss" | "trailing_stop" | "manual" | "closed_externally";

export const reasonOf = (stop: Stop): CloseReason => (stop.kind === "fixed" ? "stop_loss" : "trailing_stop");

/** How far a stop may stand from the accepted price. */
export interface StopLimits {
  readonly minDistanceBps: Bps;
  readonly maxDistanceBps: Bps;
}

/**
 * Refuses a rule that stands on the wrong side, too near, too far, or is already breached at `current`.
 * A fixed stop's distance is measured from the current accepted price; a trailing one is its own distance.
 *
 * @throws EngineError INVALID_STOP_LEVEL with the level, the price and the limits.
 */
export function checkStop(stop: Stop, side: Side, current: Price, limits: StopLimits): void {
  const level = stop.kind === "fixed" ? stop.price : against(side, current, stop.distanceBps);
  const away = side === "buy" ? 1 - level / current : level / current - 1;
  const distance = stop.kind === "fixed" ? away : fractionOf(stop.distanceBps);
  const [min, max] = [fractionOf(limits.minDistanceBps), fractionOf(limits.maxDistanceBps)];
  const refuse = (reason: string): never => {
    const where = side === "buy" ? "below" : "above";
    throw new EngineError("INVALID_STOP_LEVEL", {
      detail: `the stop at ${formatPrice(level)} is ${reason}: the price is ${formatPrice(current)}, and a stop stands ${min} to ${max} ${where} it`,
      stopPrice: formatPrice(level),
      currentPrice: formatPrice(current),
      minDistance: String(min),
      maxDistance: String(max),
    });
  };
  if (stop.kind === "trailing" && side === "sell" && (stop.activationBps ?? 0) >= BPS_ONE) refuse("never to be active");
  // A level typed as a decimal may miss the limit it names by the last bit of a float; a thousandth of a basis point
  // is finer than any level that is meant.
  const tolerance = 1e-7;
  if (distance <= tolerance) refuse("already breached");
  if (distance < min - tolerance) refuse("too near");
  if (distance > max + tolerance) refuse("too far");
}
