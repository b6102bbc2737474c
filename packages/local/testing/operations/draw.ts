/** What a random operation is made from: numbers that come from a seed, the rows of now, and a moment after every one before. */
import type { NewEvent } from "@backstop/core/event/event";
import { alarmRaised } from "@backstop/core/event/alarm";
import { type Amount, amount } from "@backstop/core/money/amount";
import { type Price, price } from "@backstop/core/money/price";
import type { MemoryDatabase, PositionRow } from "@backstop/core/testing/memory/database";
import type { Stores } from "@backstop/core/testing/stores.given";

/** Done to one implementation of the stores, and to another. */
export type Operation = (stores: Stores) => Promise<unknown>;

/** Null: there is nothing that it could be done to. */
export type MakeOperation = (draw: Draw, db: MemoryDatabase) => Operation | null | Promise<Operation | null>;

export const ACCOUNTS = ["acc_1", "acc_2"] as const;

export class Draw {
  #state: number;
  readonly now: Date;

  constructor(seed: number, now: Date) {
    this.#state = seed;
    this.now = now;
  }

  /** Mulberry32. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  /** Once in ten. */
  seldom(): boolean {
    return this.below(10) === 9;
  }

  /** What is only wrong. */
  rarely(): boolean {
    return this.below(30) === 0;
  }

  often(): boolean {
    return this.below(10) < 6;
  }

  pick<Value>(values: readonly Value[]): Value | undefined {
    return values.length === 0 ? undefined : values[this.below(values.length)];
  }

  one<Value>(...values: readonly [Value, ...Value[]]): Value {
    return this.pick(values) ?? values[0];
  }

  /** One that the operation is meant for, or now and then any. The latest are the first. */
  row<Row>(rows: Iterable<Row>, isMeant: (row: Row) => boolean): Row | undefined {
    const all = [...rows].reverse();
    const meant = all.filter(isMeant);
    return this.pick(this.below(meant.length === 0 ? 40 : 10) === 0 ? all : meant);
  }

  units(least: number, most: number): Amount {
    return amount(BigInt(least + this.below(most - least + 1)));
  }

  /** What was seen, or now and then something else. */
  seen(value: bigint): Amount {
    return amount(this.seldom() ? value + 1n : value);
  }

  /** One with many decimals. */
  price(): Price {
    return price(100 + this.below(700) / 7);
  }

  /** Before now. */
  earlier(milliseconds: number): Date {
    return new Date(this.now.getTime() - this.below(milliseconds));
  }

  later(milliseconds: number): Date {
    return new Date(this.now.getTime() + this.below(milliseconds));
  }

  events({ positionId, symbol }: Pick<PositionRow, "positionId" | "symbol">): readonly NewEvent[] {
    const ref = { positionId, symbol, tradeId: this.one(null, "trd") };
    return Array.from({ length: this.below(3) }, (_, index) => alarmRaised(ref, "EXIT_DELAYED", `the ${index}th`));
  }
}
