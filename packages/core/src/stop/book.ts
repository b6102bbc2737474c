/**
 * The book: all armed stops of a market, as the evaluator holds them. A plain scan.
 *
 * Invariants:
 * - a stop fires on the first accepted price at or beyond its trigger price, and is reported until it is removed;
 * - what arrives late or twice changes nothing: per position the highest version wins, and a mark never moves back.
 */
import type { Price } from "../money/price.ts";
import { type ArmedStop, isHit, raise } from "./stop.ts";

/** A change to the book: a rule armed or replaced, or the position no longer watched from that version on. */
export type BookChange =
  | { readonly type: "arm"; readonly armed: ArmedStop }
  | { readonly type: "disarm"; readonly positionId: number; readonly version: number };

export interface Tick {
  /** Stops that are hit at this price. */
  readonly fired: readonly ArmedStop[];
  /** Stops whose mark this price raised. */
  readonly raised: readonly ArmedStop[];
}

export class Book {
  readonly #stops = new Map<number, ArmedStop>();
  readonly #disarmed = new Map<number, number>();

  get size(): number {
    return this.#stops.size;
  }

  symbols(): ReadonlySet<string> {
    return new Set(this.#stops.values().map((armed) => armed.symbol));
  }

  get(positionId: number): ArmedStop | undefined {
    return this.#stops.get(positionId);
  }

  stops(): readonly ArmedStop[] {
    return [...this.#stops.values()];
  }

  apply(change: BookChange): void {
    if (change.type === "disarm") {
      const { positionId, version } = change;
      this.#disarmed.set(positionId, Math.max(version, this.#disarmed.get(positionId) ?? version));
      if ((this.#stops.get(positionId)?.version ?? Infinity) <= version) this.#stops.delete(positionId);
      return;
    }
    const { armed } = change;
    if (armed.version <= (this.#disarmed.get(armed.positionId) ?? -1)) return;
    const held = this.#stops.get(armed.positionId);
    if (held && held.version > armed.version) return;
    const sameRule = held?.version === armed.version;
    const highWaterMark = sameRule ? raise(armed.side, held.highWaterMark, armed.highWaterMark) : armed.highWaterMark;
    this.#stops.set(armed.positionId, { ...armed, highWaterMark });
  }

  /** One accepted price of one market: marks rise first, then stops are judged. */
  tick(symbol: string, accepted: Price): Tick {
    const fired: ArmedStop[] = [];
    const raised: ArmedStop[] = [];
    for (const held of this.#stops.values()) {
      if (held.symbol !== symbol) continue;
      const trails = held.stop.kind === "trailing";
      const highWaterMark = trails ? raise(held.side, held.highWaterMark, accepted) : held.highWaterMark;
      const armed = highWaterMark === held.highWaterMark ? held : { ...held, highWaterMark };
      if (armed !== held) {
        this.#stops.set(armed.positionId, armed);
        raised.push(armed);
      }
      if (isHit(armed, accepted)) fired.push(armed);
    }
    return { fired, raised };
  }
}
