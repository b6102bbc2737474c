/**
 * Stops: the rule on a position. Pure, and the one predicate that decides everywhere: in the book, in its oracle, in
 * the API's preview.
 *
 * Invariants, for side `buy`:
 * - the high-water mark never falls, so the trigger price of a trailing stop never falls;
 * - a stop is hit at its trigger price or beyond it, however far beyond;
 * - a rule that arrives already breached is refused with both numbers, never placed and never fired.
 */
import { EngineError } from "../error.ts";
import { BPS_ONE, type Bps, fractionOf } from "../money/bps.ts";
import { formatPrice, type Price } from "../money/price.ts";

export type Stop =
  | { readonly kind: "fixed"; readonly price: Price }
  | { readonly kind: "trailing"; readonly distanceBps: Bps };

/** A rule on an open position, as it is watched. */
export interface ArmedStop {
  readonly positionId: number;
  readonly symbol: string;
  /** The version of the rule: a claim names the one it judged. */
  readonly version: number;
  readonly stop: Stop;
  /** Best accepted price since the stop was armed. */
  readonly highWaterMark: Price;
}

/** The price at or beyond which the stop is hit. */
export const triggerPrice = (stop: Stop, highWaterMark: Price): Price =>
  stop.kind === "fixed" ? stop.price : (((highWaterMark * (BPS_ONE - stop.distanceBps)) / BPS_ONE) as Price);

export const raise = (highWaterMark: Price, accepted: Price): Price =>
  accepted > highWaterMark ? accepted : highWaterMark;

export const isHit = (stop: Stop, highWaterMark: Price, accepted: Price): boolean =>
  accepted <= triggerPrice(stop, highWaterMark);

export type CloseReason = "stop_loss" | "trailing_stop";

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
export function checkStop(stop: Stop, current: Price, limits: StopLimits): void {
  const level = triggerPrice(stop, current);
  const distance = stop.kind === "fixed" ? 1 - stop.price / current : fractionOf(stop.distanceBps);
  const [min, max] = [fractionOf(limits.minDistanceBps), fractionOf(limits.maxDistanceBps)];
  const refuse = (reason: string): never => {
    throw new EngineError("INVALID_STOP_LEVEL", {
      detail: `the stop at ${formatPrice(level)} is ${reason}: the price is ${formatPrice(current)}, and a stop stands ${min} to ${max} below it`,
      stopPrice: formatPrice(level),
      currentPrice: formatPrice(current),
      minDistance: String(min),
      maxDistance: String(max),
    });
  };
  if (isHit(stop, current, current)) refuse("already breached");
  // A level typed as a decimal may miss the limit it names by the last bit of a float; a thousandth of a basis point
  // is finer than any level that is meant.
  const tolerance = 1e-7;
  if (distance < min - tolerance) refuse("too near");
  if (distance > max + tolerance) refuse("too far");
}
