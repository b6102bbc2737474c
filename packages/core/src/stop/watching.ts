/**
 * What one evaluator holds between ticks: the book, what fired and is not yet claimed, and which marks Postgres knows.
 *
 * Invariants: a stop stays latched until its claim is answered; the recorded mark of a stop is never above the one in
 * Postgres, so that a step is never taken for recorded that is not.
 */
import type { Log } from "../log.ts";
import type { Price } from "../money/price.ts";
import type { Claim, PositionStore } from "../position/position.store.ts";
import { Book, type BookChange } from "./book.ts";
import { type ArmedStop, raise } from "./stop.ts";
import type { LatchedStop, WatchStore } from "./watch.store.ts";

export interface LoadDeps {
  readonly log: Log;
  readonly positions: Pick<PositionStore, "armed">;
  readonly store: Pick<WatchStore, "load" | "cursor" | "writeBase">;
}

export class Watching {
  readonly book = new Book();
  readonly latched = new Map<number, LatchedStop>();
  /** The mark of each stop as Postgres knows it. */
  readonly recorded = new Map<number, Price>();
  readonly #guardedAt = new Map<number, number>();
  cursor = "";

  /** From Redis, or from Postgres when Redis has no base; either way a new base is written. */
  static async load({ log, positions, store }: LoadDeps): Promise<Watching> {
    const watching = new Watching();
    const loaded = await store.load();
    if (loaded) {
      watching.take(
        loaded.stops.map((armed) => ({ type: "arm", armed })),
        loaded.cursor,
      );
      watching.take(loaded.changes, loaded.cursor);
      for (const armed of watching.book.stops()) {
        const highWaterMark = loaded.marks[armed.positionId];
        if (highWaterMark) watching.book.apply({ type: "arm", armed: { ...armed, highWaterMark } });
      }
      for (const each of loaded.fired) watching.latched.set(each.armed.positionId, each);
    } else {
      // The cursor before the rows: what is armed in between comes again as a change, and changes nothing.
      const cursor = await store.cursor();
      const armed = await positions.armed();
      watching.take(
        armed.map((each) => ({ type: "arm", armed: each })),
        cursor,
      );
      log.info("book_rebuilt", { stops: armed.length });
    }
    const base = watching.book.stops().map((armed) => ({
      ...armed,
      highWaterMark: watching.recorded.get(armed.positionId) ?? armed.highWaterMark,
    }));
    await store.writeBase(base, watching.cursor);
    return watching;
  }

  get isIdle(): boolean {
    return this.book.size === 0 && this.latched.size === 0;
  }

  take(changes: readonly BookChange[], cursor: string): void {
    for (const change of changes) {
      this.book.apply(change);
      if (change.type === "arm") {
        const { positionId, highWaterMark } = change.armed;
        this.recorded.set(positionId, raise(this.recorded.get(positionId) ?? highWaterMark, highWaterMark));
      }
    }
    this.cursor = cursor;
  }

  marks(): Readonly<Record<string, Price>> {
    return Object.fromEntries(this.book.stops().map((armed) => [armed.positionId, armed.highWaterMark]));
  }

  /** Latches what fired, and returns what was not latched before. */
  latch(fired: readonly LatchedStop[]): readonly LatchedStop[] {
    const fresh = fired.filter(({ armed }) => this.latched.get(armed.positionId)?.armed.version !== armed.version);
    for (const each of fresh) this.latched.set(each.armed.positionId, each);
    return fresh;
  }

  /** Whether a message that will drive the exit has to be queued before the next try at its claim. */
  needsGuard(positionId: number, now: Date, guardLifeMs: number): boolean {
    const since = now.getTime() - (this.#guardedAt.get(positionId) ?? Number.NEGATIVE_INFINITY);
    if (since < guardLifeMs) return false;
    this.#guardedAt.set(positionId, now.getTime());
    return true;
  }

  /** Takes the answer to a claim: the stop is no longer latched, and what is armed now is what Postgres says. */
  settle({ positionId, current }: Claim): void {
    const judged = this.latched.get(positionId)?.armed.version ?? 0;
    this.latched.delete(positionId);
    this.#guardedAt.delete(positionId);
    this.recorded.delete(positionId);
    if (current) this.take([{ type: "arm", armed: current }], this.cursor);
    if (current?.version !== judged) this.book.apply({ type: "disarm", positionId, version: judged });
  }

  /** Whether the mark has risen by a step since Postgres was told. */
  isStep({ positionId, highWaterMark }: ArmedStop, step: number): boolean {
    if (this.latched.has(positionId)) return false;
    return highWaterMark >= (this.recorded.get(positionId) ?? highWaterMark) * (1 + step);
  }
}
