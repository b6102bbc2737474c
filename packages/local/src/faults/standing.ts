/**
 * A fault that stands: how many it has befallen, and those that wait until it lets them go.
 *
 * Invariants: it befalls as many as it is meant for and no more; whom it befalls is told by its seed and the order in which
 * they come; what it holds stays held until it is released, whoever may still wait for it.
 */
import { type Random, randomFrom } from "../chain/random.ts";
import type { StandingFault, Told } from "./schema.ts";

export class Standing<Fault extends StandingFault = StandingFault> {
  readonly id: string;
  readonly fault: Fault;
  readonly #random: Random;
  readonly #held = new Set<() => void>();
  #bitten = 0;

  constructor(id: string, fault: Fault, seed: string) {
    this.id = id;
    this.fault = fault;
    this.#random = randomFrom(`${seed}/${id}`);
  }

  get spent(): boolean {
    return "times" in this.fault && this.fault.times !== "always" && this.#bitten >= this.fault.times;
  }

  /** Whether it befalls the one that asks. */
  bites(): boolean {
    if (this.spent || ("probability" in this.fault && this.#random() >= this.fault.probability)) return false;
    this.#bitten += 1;
    return true;
  }

  /** Resolves when what is held is let go, or when nobody waits for it any more. */
  async hold(abandoned?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.add(resolve);
    abandoned?.addEventListener("abort", () => resolve());
    if (abandoned?.aborted) resolve();
    await promise;
    this.#held.delete(resolve);
  }

  release(): void {
    for (const letGo of this.#held) letGo();
    this.#held.clear();
  }

  told(): Told {
    return { id: this.id, fault: this.fault, bitten: this.#bitten, held: this.#held.size, spent: this.spent };
  }
}
