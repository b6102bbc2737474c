// How much must be swapped so that a pool's price becomes a given one: exact, and pure.

import type { Reserves } from "./pool.ts";
import type { Ratio } from "./ratio.ts";

export interface Arbitrage {
  readonly side: "buy" | "sell";
  readonly amountIn: bigint;
}

function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/**
 * The input x after which reserveIn / reserveOut is wanted.in / wanted.out. A 400th of the output stays in
 * the pool, so the reserves then are (in + x) and out × (in + x/400) / (in + x), and x is the positive root of
 *
 *     400 wo x² + (800 wo in − wi out) x + 400 in (wo in − wi out) = 0
 */
function inputFor(reserveIn: bigint, reserveOut: bigint, wanted: { in: bigint; out: bigint }): bigint {
  const square = 400n * wanted.out;
  const linear = 800n * wanted.out * reserveIn - wanted.in * reserveOut;
  const constant = 400n * reserveIn * (wanted.out * reserveIn - wanted.in * reserveOut);
  return (squareRoot(linear * linear - 4n * square * constant) - linear) / (2n * square);
}

/** How far the pool's price is from the ratio, in hundredths of a basis point of it, rounded down. */
export function distance({ quote, base }: Reserves, ratio: Ratio): bigint {
  const wanted = ratio.quote * base;
  const difference = quote * ratio.base - wanted;
  return ((difference < 0n ? -difference : difference) * 1_000_000n) / wanted;
}

export function arbitrage({ quote, base }: Reserves, ratio: Ratio): Arbitrage {
  const tooCheap = quote * ratio.base < ratio.quote * base;
  return tooCheap
    ? { side: "buy", amountIn: inputFor(quote, base, { in: ratio.quote, out: ratio.base }) }
    : { side: "sell", amountIn: inputFor(base, quote, { in: ratio.base, out: ratio.quote }) };
}
