/**
 * Callers side by side, each of whom leads one position's life after the other.
 *
 * Invariants: no more positions are in flight than there are callers; a life that made no trade is led again by another one, as
 * long as there is time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { TRADES_AT_LEAST } from "./life.ts";

/** More do not go faster: the services are one process, and the database has one backend. */
const CALLERS = 80;

/** Between two first positions: all at once they would wait for each other and not for the weather. */
const CALLER_EVERY_MS = 100;

export interface CrowdOptions {
  /** How many are wanted. */
  readonly trades: number;
  /** The `number`th of all. Whether the position was opened. */
  readonly lead: (number: number) => Promise<boolean>;
  /** Nothing is begun any more. */
  readonly until: AbortSignal;
  /** Between the first lives of two callers. */
  readonly everyMs?: number;
}

export class Crowd {
  readonly #options: CrowdOptions;
  #lives = 0;
  #inFlight = 0;
  /** Trades of positions that are in flight or over. */
  #begun = 0;
  #over = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** At least so many trades are over. */
  get over(): number {
    return this.#over;
  }

  /** Resolves when as many trades are over as are wanted, or nothing is begun any more and all that was begun is over. */
  async gather(): Promise<void> {
    const { everyMs = CALLER_EVERY_MS } = this.#options;
    await Promise.all(Array.from({ length: CALLERS }, (_, index) => this.#call(index * everyMs)));
  }

  async #call(afterMs: number): Promise<void> {
    const { trades, lead, until } = this.#options;
    await sleep(afterMs, undefined, { signal: until }).catch(() => undefined);
    while (this.#begun < trades && !until.aborted) {
      this.#begun += TRADES_AT_LEAST;
      this.#inFlight += 1;
      this.#lives += 1;
      const isTraded = await lead(this.#lives);
      this.#inFlight -= 1;
      if (isTraded) this.#over += TRADES_AT_LEAST;
      else this.#begun -= TRADES_AT_LEAST;
    }
  }
}
