/** `kill -9` of the engine, now and then. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalRun } from "../boot.ts";

/** One for so many trades: what a dead engine had received is hidden in its queues for 25 s. */
const TRADES_PER_KILL = 125;

const LOOK_MS = 250;

export class Kills {
  readonly #local: Pick<LocalRun, "killEngine" | "startEngine">;
  readonly #trades: number;
  #done = 0;

  /** Of a soak that makes so many trades. */
  constructor(local: Pick<LocalRun, "killEngine" | "startEngine">, trades: number) {
    this.#local = local;
    this.#trades = trades;
  }

  get done(): number {
    return this.#done;
  }

  /** Spread evenly over the trades, of which `over()` are over, until it is called off; the engine is up at the end. */
  async kill(over: () => number, tell: (text: string) => void, until: AbortSignal): Promise<void> {
    const wanted = Math.ceil(this.#trades / TRADES_PER_KILL);
    while (this.#done < wanted && !until.aborted) {
      if (over() >= (this.#trades * (this.#done + 1)) / (wanted + 1)) {
        await this.#local.killEngine();
        await this.#local.startEngine();
        this.#done += 1;
        tell("the engine was killed and is back");
      }
      await sleep(LOOK_MS, undefined, { signal: until }).catch(() => undefined);
    }
  }
}
