/**
 * Candles as a price that moves: open, then one extreme, then the other, then close, a third of the candle apart.
 *
 * Invariants: a price that is shown lies between the lows and highs of the candles that were passed to it; where something
 * was passed between two looks, an extreme rather than what happens to be at the later look, so that no crash is missed for
 * falling between two blocks.
 */
import { CANDLE_SECONDS, type Candle, type Candles } from "./candles.ts";

/** A place on the way whose price the file tells. */
interface Knot {
  readonly seconds: number;
  readonly price: number;
}

/** How long they are in market time. */
export const secondsOf = (candles: Candles): number => candles.length * CANDLE_SECONDS;

/** A candle that closes above its open is taken to have been at its low first. */
function knotsOf({ open, high, low, close }: Candle, index: number): readonly Knot[] {
  const way = close > open ? [open, low, high, close] : [open, high, low, close];
  const apart = CANDLE_SECONDS / (way.length - 1);
  return way.map((price, knot) => ({ seconds: index * CANDLE_SECONDS + knot * apart, price }));
}

/**
 * What a market shows at `to` seconds after the first open when it showed `last` at `from`: of the knots in between the
 * one farthest from `last`, and without any the straight line's.
 */
export function priceOver(candles: Candles, from: number, to: number, last: number): number {
  const [first, end] = [from, to].map((seconds) =>
    Math.min(Math.floor(seconds / CANDLE_SECONDS), candles.length - 1),
  ) as [number, number];
  const knots = candles.slice(first, end + 1).flatMap((candle, index) => knotsOf(candle, first + index));
  const passed = knots.filter(({ seconds }) => seconds > from && seconds <= to);
  if (passed.length > 0) {
    return passed.reduce((far, { price }) => (Math.abs(price - last) >= Math.abs(far - last) ? price : far), last);
  }
  const next = knots.findIndex(({ seconds }) => seconds > to);
  const [before, after] = [knots[next - 1], knots[next]];
  // Past the end there is nothing to go to.
  if (!before || !after) return last;
  return before.price + ((after.price - before.price) * (to - before.seconds)) / (after.seconds - before.seconds);
}
