/**
 * A small break of the protocol, put between the code and the world: the code itself is the one that is deployed.
 *
 * Invariant: a mutant lives here and nowhere else; nothing that is deployed can reach one.
 */
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import type { Ports } from "../engine/ports.ts";
import type { Dice } from "../kernel/dice.ts";
import type { Fault, Weather } from "../kernel/weather.ts";
import type { Chain } from "../world/chain.ts";

/** What a mutant may reach past the ports. */
export interface Tools {
  readonly db: MemoryDatabase;
  readonly chain: Chain;
  readonly dice: Dice;
  readonly weather: Pick<Weather, "isCalm">;
  readonly wallet: string;
  /** Whose ports they are. */
  readonly name: string;
}

export interface Mutant {
  readonly name: string;
  /** What it does instead. */
  readonly breaks: string;
  /** The ports of one invocation, with the break in them. */
  readonly ports: Change;
  /** Constraints that the database does not have with it. */
  readonly without?: readonly string[];
  /** Where it shows; without one, in any world. */
  readonly scenario?: Scenario;
}

export type Change = (ports: Ports, tools: Tools) => Partial<Ports>;

/** A world made for one mutant: in it the code as it is does nothing wrong. */
export interface Scenario {
  /** What strikes, and how often; everything else does not. */
  readonly chances: Partial<Readonly<Record<Fault, number>>>;
  /** Whether the wallet holds more than its positions do; without it, the seed's to say. */
  readonly inventory?: boolean;
  /** What else is in the way. */
  readonly ports?: Change;
}

/** A port's operations stand on its prototype, where spreading does not find them. */
export function all<Port extends object>(port: Port): Port {
  const operations: Record<string, unknown> = {};
  for (const name in port) {
    const operation = port[name];
    if (typeof operation === "function") operations[name] = operation.bind(port);
  }
  return operations as Port;
}
