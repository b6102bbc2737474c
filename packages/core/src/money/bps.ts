/** Basis points: hundredths of a percent, a whole number from 0 to 10 000. */
import { mulDiv } from "./amount.ts";

declare const bpsBrand: unique symbol;

export type Bps = number & { readonly [bpsBrand]: true };

export const BPS_ONE = 10_000;

/** @throws RangeError when `value` is not a whole number from 0 to 10 000. */
export function bps(value: number): Bps {
  if (!Number.isInteger(value) || value < 0 || value > BPS_ONE) {
    throw new RangeError(`${value} is not basis points: 0 to ${BPS_ONE}`);
  }
  return value as Bps;
}

/** `0.03` is 300 bps. @throws RangeError when the fraction is finer than one basis point. */
export function bpsFromFraction(fraction: number): Bps {
  const value = fraction * BPS_ONE;
  const whole = Math.round(value);
  if (Math.abs(value - whole) > 1e-6) throw new RangeError(`${fraction} is finer than one basis point`);
  return bps(whole);
}

export const fractionOf = (value: Bps): number => value / BPS_ONE;

/** What is left of `value` after `off` is taken away, rounded down. */
export const less = (value: bigint, off: Bps): bigint => mulDiv(value, BigInt(BPS_ONE - off), BigInt(BPS_ONE), "down");
