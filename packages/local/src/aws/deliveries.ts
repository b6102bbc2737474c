import { setTimeout as sleep } from "node:timers/promises";

export interface Delivery {
  attempt(signal: AbortSignal): Promise<unknown>;
  /** How long to wait before the next attempt; `undefined` when there will be none. */
  waitMs(error: unknown): number | undefined;
  /** There was no attempt left, and this is why the last one failed. */
  onDropped(error: unknown): void;
}

/** What was accepted and is still to be delivered. */
export class Deliveries {
  readonly #closing = new AbortController();
  readonly #pending = new Set<Promise<void>>();

  add(delivery: Delivery): void {
    const pending = this.#deliver(delivery).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Resolves when nothing is left to deliver, including what deliveries brought about meanwhile. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Gives up whatever waits for its next attempt, and waits for the attempts that are going on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.idle();
  }

  async #deliver({ attempt, waitMs, onDropped }: Delivery): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await attempt(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const wait = waitMs(error);
        if (wait === undefined) return onDropped(error);
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
