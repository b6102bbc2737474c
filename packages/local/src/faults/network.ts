/**
 * The network between those who send transactions and the leader: the one place where bytes are lost, late or repeated.
 *
 * Invariant: what befell a transaction as a whole (drop, late) goes for every copy of its bytes, whenever and through
 * whichever node it is sent, until all is calm.
 */
import type { Deliver } from "../chain/deliver.ts";
import type { StandingFaults } from "./standing-faults.ts";

/** Far more than can be alive at once: a transaction's fate matters for 150 blocks. */
const FATES_MAX = 10_000;

/** Which blocks have a copy that is sent now, as for `Deliver`. */
type Fate = (tipHeight: number) => readonly number[];

const never: Fate = () => [];

function losing(copies: number): Fate {
  let lost = 0;
  return (tipHeight) => {
    lost += 1;
    return lost <= copies ? [] : [tipHeight + 1];
  };
}

const notBefore =
  (height: number): Fate =>
  (tipHeight) => [Math.max(tipHeight + 1, height)];

export class Network {
  readonly #faults: StandingFaults;
  /** By signature, oldest first. */
  readonly #fates = new Map<string, Fate>();

  constructor(faults: StandingFaults) {
    this.#faults = faults;
  }

  readonly deliver: Deliver = ({ signature }, tipHeight) => {
    const fate = this.#fates.get(signature);
    if (fate) return fate(tipHeight);
    const fault = this.#faults.befallTransaction(({ action }) => action !== "revert");
    switch (fault?.action) {
      case "delay":
        return [tipHeight + fault.blocks];
      case "repeat":
        return Array.from({ length: fault.blocks + 1 }, (_, later) => tipHeight + 1 + later);
      case "drop":
        return this.#decide(signature, fault.copies === undefined ? never : losing(fault.copies))(tipHeight);
      case "late":
        return this.#decide(signature, notBefore(tipHeight + fault.blocks))(tipHeight);
      default:
        return [tipHeight + 1];
    }
  };

  /** Whether a swap that is about to run shall fail. */
  readonly reverts = (): boolean => this.#faults.befallTransaction(({ action }) => action === "revert") !== undefined;

  /** They never land, whoever sends them again. */
  lose(signatures: readonly string[]): void {
    for (const signature of signatures) this.#decide(signature, never);
  }

  /** Whatever is sent from now on arrives; what is on its way stays on it. */
  calm(): void {
    this.#fates.clear();
  }

  #decide(signature: string, fate: Fate): Fate {
    this.#fates.set(signature, fate);
    const [oldest] = this.#fates.keys();
    if (this.#fates.size > FATES_MAX && oldest !== undefined) this.#fates.delete(oldest);
    return fate;
  }
}
