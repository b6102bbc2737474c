/**
 * What one evaluator holds between ticks: the book, what fired and is not yet claimed, and what Redis and Postgres do not
 * know yet.
 *
 * Invariants: a stop stays latched until its claim is answered; the recorded mark of a stop is never ahead of the one in
 * Postgres, so that a step is never taken for recorded that is not; what could not be written is written again; loading
 * anew loses nothing of what was held before; whoever takes over goes on from no mark below the one that was recorded, or asks
 * for it until it is answered.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Price } from "../money/price.ts";
import { Book, type BookChange } from "./book.ts";
import type { Claim, StopStore } from "./stop.store.ts";
import { type ArmedStop, isBetter, raise, triggerPrice } from "./stop.ts";
import { type LatchedStop, type LoadedBook, markField, START, type WatchStore } from "./watch.store.ts";

export interface LoadDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly stops: Pick<StopStore, "armed">;
  readonly store: Pick<WatchStore, "load" | "cursor" | "writeBase">;
}

export class Watching {
  readonly book = new Book();
  readonly latched = new Map<number, LatchedStop>();
  /** The mark of each stop, and of which version of its rule, as Postgres knows it. */
  readonly #recorded = new Map<number, RecordedMark>();
  /** Stops whose mark has moved since Postgres was told of it. */
  readonly #unrecorded = new Set<number>();
  /** Risen marks, and latches, that Redis has not acknowledged. */
  readonly #unwrittenMarks = new Set<number>();
  readonly #unwrittenLatches = new Set<number>();
  /** When Redis last took something. */
  #writtenAt = Number.POSITIVE_INFINITY;
  readonly #guardedAt = new Map<number, number>();
  /** Nobody knows what Redis has missed: Postgres has to be asked. */
  #isBehind = false;
  cursor = START;

  /**
   * From Redis; from Postgres when Redis has no base or does not answer. `held` is what this evaluator knew until now.
   *
   * @throws whatever Postgres throws, when the book has to come from there.
   */
  static async load(deps: LoadDeps, held?: Watching): Promise<Watching> {
    const watching = new Watching();
    watching.#writtenAt = deps.clock.now().getTime();
    const loaded = await loadedBook(deps);
    if (loaded) {
      watching.#takeLoaded(loaded);
      watching.#isBehind = watching.book.size > 0 && isBehind(loaded, deps.clock.now());
      await watching.catchUp(deps);
    } else await watching.#rebuild(deps);
    if (held) watching.#keep(held);
    try {
      await deps.store.writeBase(watching.#base(), watching.cursor);
    } catch (error) {
      deps.log.error("base_not_written", error);
    }
    return watching;
  }

  /** Takes in the marks that were recorded, and the changes that nobody could tell Redis, if it may have missed any. */
  async catchUp({ log, stops }: Pick<LoadDeps, "log" | "stops">): Promise<void> {
    if (!this.#isBehind) return;
    try {
      const armed = await stops.armed();
      this.#isBehind = false;
      this.take(arming(armed), this.cursor);
      for (const each of this.book.stops()) {
        if (this.#knownMark(each) !== each.highWaterMark) this.#unrecorded.add(each.positionId);
      }
      log.info("book_caught_up", { stops: armed.length });
    } catch (error) {
      log.error("book_not_caught_up", error);
    }
  }

  get isIdle(): boolean {
    return this.book.size === 0 && this.latched.size === 0;
  }

  take(changes: readonly BookChange[], cursor: string): void {
    for (const change of changes) {
      this.book.apply(change);
      if (change.type === "arm") this.recorded(change.armed);
    }
    this.cursor = cursor;
  }

  /** Postgres knows this mark. One of an older version of the rule is nothing to the one that replaced it. */
  recorded({ positionId, side, version, highWaterMark }: ArmedStop): void {
    const known = this.#recorded.get(positionId);
    if (known && known.version > version) return;
    const mark = known?.version === version ? raise(side, known.mark, highWaterMark) : highWaterMark;
    this.#recorded.set(positionId, { version, mark });
    this.#unrecorded.delete(positionId);
  }

  /**
   * The stops of whose marks Postgres has to be told: moved by a step, or awake since. Not before Redis has them: who takes
   * over from Redis would go on below what was recorded and told. When Redis is away for long, who takes over asks Postgres.
   */
  steps(step: number, now: Date): readonly ArmedStop[] {
    const isAway = now.getTime() - this.#writtenAt > REDIS_AWAY_MS;
    return [...this.#unrecorded].flatMap((positionId) => {
      const armed = this.book.get(positionId);
      const isKept = isAway || !this.#unwrittenMarks.has(positionId);
      return armed && isKept && this.#isStep(armed, step) ? [armed] : [];
    });
  }

  /** Notes which marks rose and what fired; answers with what Redis has to be told, also of earlier ticks. */
  note(raised: readonly ArmedStop[], fired: readonly LatchedStop[]): Unwritten {
    for (const { positionId } of raised) {
      this.#unwrittenMarks.add(positionId);
      this.#unrecorded.add(positionId);
    }
    for (const each of fired) {
      const { positionId, version } = each.armed;
      if (this.latched.get(positionId)?.armed.version === version) continue;
      this.latched.set(positionId, each);
      this.#unwrittenLatches.add(positionId);
    }
    return {
      marks: [...this.#unwrittenMarks].flatMap((positionId) => this.book.get(positionId) ?? []),
      latches: [...this.#unwrittenLatches].flatMap((positionId) => this.latched.get(positionId) ?? []),
    };
  }

  /** Redis has taken what `note` answered with. */
  written(at: Date): void {
    this.#writtenAt = at.getTime();
    this.#unwrittenMarks.clear();
    this.#unwrittenLatches.clear();
  }

  /** Whether a message that will drive the exit has to be queued before the next try at its claim. */
  needsGuard(positionId: number, now: Date, guardLifeMs: number): boolean {
    return now.getTime() - (this.#guardedAt.get(positionId) ?? Number.NEGATIVE_INFINITY) >= guardLifeMs;
  }

  guarded(positionId: number, at: Date): void {
    this.#guardedAt.set(positionId, at.getTime());
  }

  /** Takes the answer to a claim: the stop is no longer latched, and what is armed now is what Postgres says. */
  settle({ armed: { positionId, version }, current }: Claim): void {
    this.latched.delete(positionId);
    this.#unwrittenLatches.delete(positionId);
    this.#unwrittenMarks.delete(positionId);
    this.#guardedAt.delete(positionId);
    this.#recorded.delete(positionId);
    this.#unrecorded.delete(positionId);
    if (current) this.take([{ type: "arm", armed: current }], this.cursor);
    if (current?.version !== version) this.book.apply({ type: "disarm", positionId, version });
  }

  #isStep(armed: ArmedStop, step: number): boolean {
    const { positionId, side, highWaterMark } = armed;
    if (this.latched.has(positionId)) return false;
    const known = this.#knownMark(armed);
    const woke = triggerPrice(armed) !== null && triggerPrice({ ...armed, highWaterMark: known }) === null;
    return woke || !isBetter(side, known * (side === "buy" ? 1 + step : 1 - step), highWaterMark);
  }

  #knownMark({ positionId, version, highWaterMark }: ArmedStop): Price {
    const known = this.#recorded.get(positionId);
    return known?.version === version ? known.mark : highWaterMark;
  }

  #takeLoaded({ stops, changes, marks, fired, cursor }: LoadedBook): void {
    this.take(arming(stops), cursor);
    this.take(changes, cursor);
    for (const armed of this.book.stops()) {
      const highWaterMark = marks.get(markField(armed));
      if (!highWaterMark) continue;
      this.book.apply({ type: "arm", armed: { ...armed, highWaterMark } });
      this.#unrecorded.add(armed.positionId);
    }
    for (const each of fired) this.latched.set(each.armed.positionId, each);
  }

  async #rebuild({ log, stops, store }: LoadDeps): Promise<void> {
    // The cursor before the rows: what is armed in between comes again as a change, and changes nothing. Without an answer
    // every change comes again.
    const cursor = await store.cursor().catch(() => START);
    const armed = await stops.armed();
    this.take(arming(armed), cursor);
    log.info("book_rebuilt", { stops: armed.length });
  }

  #keep(held: Watching): void {
    for (const armed of held.book.stops()) {
      if (this.book.get(armed.positionId)?.version !== armed.version) continue;
      this.book.apply({ type: "arm", armed });
      this.#unwrittenMarks.add(armed.positionId);
      this.#unrecorded.add(armed.positionId);
    }
    for (const [positionId, each] of held.latched) {
      this.latched.set(positionId, each);
      this.#unwrittenLatches.add(positionId);
    }
  }

  /** The stops with the marks that Postgres knows. */
  #base(): readonly ArmedStop[] {
    return this.book.stops().map((armed) => ({ ...armed, highWaterMark: this.#knownMark(armed) }));
  }
}

interface RecordedMark {
  readonly version: number;
  readonly mark: Price;
}

export interface Unwritten {
  readonly marks: readonly ArmedStop[];
  readonly latches: readonly LatchedStop[];
}

/** Some ticks: an evaluator whose writes all failed for so long takes Redis for away, and its successor what is there for old. */
const REDIS_AWAY_MS = 10_000;

/** Whether more may have happened than Redis was told of: nobody wrote to it for a while. */
const isBehind = ({ lastTickAt }: LoadedBook, now: Date): boolean =>
  lastTickAt === null || now.getTime() - lastTickAt.getTime() > REDIS_AWAY_MS;

const arming = (stops: readonly ArmedStop[]): readonly BookChange[] => stops.map((armed) => ({ type: "arm", armed }));

async function loadedBook({ log, store }: LoadDeps): Promise<LoadedBook | null> {
  try {
    return await store.load();
  } catch (error) {
    log.error("book_unanswered", error);
    return null;
  }
}
