/**
 * Virtual time: what is to happen, in the order of its moments.
 *
 * Invariants: time moves only from one event to the next; what an event sets going comes to rest, in microtasks, before the
 * next one happens; of two events of one moment the one that was asked for first happens first.
 */
import { setImmediate as turn } from "node:timers/promises";
import TinyQueue from "tinyqueue";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

/** A turn of the loop costs as much as the event itself, and hardly anything needs one. */
const EVENTS_PER_TURN = 32;

export class Timeline {
  readonly #due = new TinyQueue<Due>([], (a, b) => a.at - b.at || a.order - b.order);
  #order = 0;
  #now = 0;
  #happened = 0;

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  after(milliseconds: number, happen: () => void): void {
    this.#due.push({ at: this.#now + Math.max(0, milliseconds), order: this.#order++, happen });
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Microtasks are at rest when the next tick comes; what takes a turn of the loop gets one now and then. */
  #rest(): Promise<void> {
    return this.#happened % EVENTS_PER_TURN === 0 ? turn() : new Promise((resolve) => process.nextTick(resolve));
  }

  /** Lets time pass until `until`, or until nothing more is to happen. */
  async run(until: () => boolean): Promise<void> {
    while (!until()) {
      const next = this.#due.pop();
      if (!next) return;
      this.#now = next.at;
      next.happen();
      this.#happened++;
      await this.#rest();
    }
  }
}
