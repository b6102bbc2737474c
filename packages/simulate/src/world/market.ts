/**
 * The true price of a market, second by second, and what a swap would give at it.
 *
 * Invariant: a second that somebody has looked at stays as they saw it.
 */
import { type Market as Pair, marketOf } from "@backstop/core/market/market";
import type { Dice } from "../kernel/dice.ts";
import type { Weather } from "../kernel/weather.ts";

/** What a swap costs besides the price, and how much quote moves it by the whole. */
const SPREAD = 0.0005;
const DEPTH = 400_000;

/** Of a second, at most. */
const CALM_STEP = 0.0002;
const STEP_MAX = 0.004;
const STEP_MIN = 0.001;

const STEP_MS = 1_000;

/** What a gap makes of the price, and how often and how soon it is where it was. */
const GAP = [0.8, 1.12] as const;
const COMES_BACK = 0.5;
const WICK_SECONDS = [3, 10] as const;

export class Market {
  readonly pair: Pair;
  readonly #dice: Dice;
  readonly #step: number;
  readonly #path: number[];
  readonly #told = new Set<number>();
  #wick: { readonly until: number; readonly back: number } | null = null;
  readonly #weather: Weather;

  constructor(pair: Pair, price: number, dice: Dice, weather: Weather) {
    this.pair = pair;
    this.#dice = dice;
    this.#step = dice.between(STEP_MIN, STEP_MAX);
    this.#path = [price];
    this.#weather = weather;
  }

  /** At this moment, or in the past. */
  price(milliseconds: number): number {
    const second = Math.floor(milliseconds / STEP_MS);
    for (let next = this.#path.length; next <= second; next++) this.#path.push(this.#next());
    return this.#path[second] ?? Number.NaN;
  }

  /** Somebody was told this price. */
  note(price: number): void {
    this.#told.add(price);
  }

  wasTold(price: number): boolean {
    return this.#told.has(price);
  }

  /** From now on it is at half of what it has ever been at least. */
  fall(milliseconds: number): void {
    this.#path.push(Math.min(this.price(milliseconds), ...this.#path) / 2);
  }

  /** From now on it is at twice of what it has ever been at most. */
  rise(milliseconds: number): void {
    this.#path.push(Math.max(this.price(milliseconds), ...this.#path) * 2);
  }

  #next(): number {
    const last = this.#path.at(-1) ?? Number.NaN;
    if (this.#wick && this.#path.length >= this.#wick.until) {
      const { back } = this.#wick;
      this.#wick = null;
      return last * back;
    }
    if (this.#weather.isCalm) return last * Math.exp(CALM_STEP * this.#dice.between(-1, 1));
    const times = this.#dice.between(...GAP);
    if (!this.#weather.strikes("priceGap")) return last * Math.exp(this.#step * this.#dice.between(-1, 1));
    if (this.#dice.chance(COMES_BACK)) {
      this.#wick = { until: this.#path.length + this.#dice.whole(...WICK_SECONDS), back: 1 / times };
    }
    return last * times;
  }

  /** What `amountIn` of the mint gives, and how far it moves the price. */
  swap(milliseconds: number, inputMint: string, amountIn: bigint): { amountOut: bigint; priceImpact: number } {
    const scale = 10 ** (this.pair.quoteDecimals - this.pair.baseDecimals);
    const price = this.price(milliseconds) * scale;
    const buys = inputMint === this.pair.quoteMint;
    const quote = (buys ? Number(amountIn) : Number(amountIn) * price) / 10 ** this.pair.quoteDecimals;
    const priceImpact = quote / DEPTH;
    const gross = buys ? Number(amountIn) / price : Number(amountIn) * price;
    return { amountOut: BigInt(Math.floor(gross * (1 - SPREAD) * (1 - priceImpact))), priceImpact };
  }
}

/** Where the pairs begin. */
const LISTED = [
  ["SOL/USDC", 150],
  ["JUP/USDC", 0.5],
  ["WIF/USDC", 2],
] as const;

export const listed = (pairs: readonly Pair[]): readonly (readonly [Pair, number])[] =>
  LISTED.map(([symbol, price]) => [marketOf(pairs, symbol), price] as const);
