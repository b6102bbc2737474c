/**
 * The faults that were set, in their order.
 *
 * Invariants: a request, or a transaction, is befallen by one fault, the first that is meant for it; a node has one lag.
 */
import type { HttpFault, LagFault, Service, StandingFault, Told, TransactionsFault } from "./schema.ts";
import { Standing } from "./standing.ts";

/** Spent ones are kept to be asked about. Each request looks at all, so their number is a bound on its cost. */
const FAULTS_MAX = 1_000;

/** Quotes are written in one way in SQL, in another in JSON, and in a third in SQL within JSON: they do not count. */
const plain = (text: string): string => text.replaceAll(/["\\]/g, "").toLowerCase();

export class StandingFaults {
  readonly #seed: string;
  #standing: readonly Standing[] = [];
  #count = 0;

  constructor(seed: string) {
    this.#seed = `${seed}/faults`;
  }

  /** @throws Error when there are too many. */
  set(fault: StandingFault): Standing {
    if (this.#standing.length >= FAULTS_MAX) {
      throw new Error(`${FAULTS_MAX} faults are set: take some back with DELETE /faults`);
    }
    this.#count += 1;
    const standing = new Standing(`flt_${this.#count}`, fault, this.#seed);
    const stay = ({ fault: other }: Standing) =>
      fault.kind !== "lag" || other.kind !== "lag" || other.node !== fault.node;
    this.#standing = [...this.#standing.filter(stay), standing];
    return standing;
  }

  list(): readonly Told[] {
    return this.#standing.map((each) => each.told());
  }

  /** Answers with what it was; undefined: there is no such fault. */
  remove(id: string): Told | undefined {
    const standing = this.#standing.find((each) => each.id === id);
    const told = standing?.told();
    this.#standing = this.#standing.filter((each) => each !== standing);
    standing?.release();
    return told;
  }

  clear(): void {
    for (const { id } of this.#standing) this.remove(id);
  }

  /** Whether a request to that service may be befallen. */
  threaten(service: Service): boolean {
    return this.#standing.some(({ fault, spent }) => !spent && fault.kind === "http" && fault.service === service);
  }

  /** What befalls a request; `text` is all that can be looked for in it. */
  befallRequest(service: Service, text: string): Standing<HttpFault> | undefined {
    const words = plain(text);
    return this.#standing.find(
      (each): each is Standing<HttpFault> =>
        each.fault.kind === "http" &&
        each.fault.service === service &&
        words.includes(plain(each.fault.match ?? "")) &&
        each.bites(),
    );
  }

  /** What befalls a transaction that is among those actions. */
  befallTransaction(isMeant: (fault: TransactionsFault) => boolean): TransactionsFault | undefined {
    const found = this.#standing.find(
      (each): each is Standing<TransactionsFault> =>
        each.fault.kind === "transactions" && isMeant(each.fault) && each.bites(),
    );
    return found?.fault;
  }

  /** How many blocks the node is behind. */
  lagOf(node: LagFault["node"]): number {
    const found = this.#standing.find(({ fault }) => fault.kind === "lag" && fault.node === node);
    return found?.fault.kind === "lag" ? found.fault.blocks : 0;
  }
}
