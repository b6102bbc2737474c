// A market that follows recorded candles: still at the first open, then the file's prices, then still at the last close.
//
// Invariants: no price is invented, every one is the file's times a factor that is 1 unless somebody moved the market;
// before and after the file it stands still.

import type { Candles } from "../candles.ts";
import { priceOver, secondsOf } from "../walk.ts";
import type { KeptReference, Reference, Stage } from "./reference.ts";

export class RecordedPrice implements Reference {
  readonly #candles: Candles;
  readonly #secondsPerBlock: number;
  /** The file's. */
  #price: number;
  #factor = 1;
  /** Market time since the first open. */
  #elapsed = 0;
  #begun = false;

  /** `kept`: goes on where an earlier run was in these candles. */
  constructor(candles: Candles, secondsPerBlock: number, kept?: KeptReference) {
    this.#candles = candles;
    this.#secondsPerBlock = secondsPerBlock;
    this.#price = candles[0].open;
    if (kept?.kind !== "recorded" || kept.firstTime !== candles[0].time) return;
    if (kept.elapsed === 0 || kept.elapsed >= secondsOf(candles)) return;
    this.#factor = kept.factor;
    this.#price = kept.price / kept.factor;
    this.#elapsed = kept.elapsed;
    this.#begun = true;
  }

  get price(): number {
    return this.#price * this.#factor;
  }

  get stage(): Stage {
    if (!this.#begun) return "waiting";
    return this.#elapsed < secondsOf(this.#candles) ? "telling" : "over";
  }

  /** What is recorded goes its way, whoever looks on. */
  begin(): void {
    this.#begun = true;
  }

  move(factor: number): void {
    this.#factor *= factor;
  }

  next(): number {
    if (this.stage !== "telling") return this.price;
    const to = this.#elapsed + this.#secondsPerBlock;
    this.#price = priceOver(this.#candles, this.#elapsed, to, this.#price);
    this.#elapsed = to;
    return this.price;
  }

  kept(): KeptReference {
    const [{ time: firstTime }] = this.#candles;
    return { kind: "recorded", price: this.price, firstTime, elapsed: this.#elapsed, factor: this.#factor };
  }
}
