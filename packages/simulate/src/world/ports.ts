/**
 * A store behind the network: each of its operations is one call of an invocation.
 *
 * Invariant: an operation of a store in memory does all its work when it is called, so it happens at one moment.
 */
import type { Invocation, Line } from "../kernel/invocation.ts";

type Method = (...given: unknown[]) => Promise<unknown>;

interface Networked {
  readonly invocation: Invocation;
}

/** What makes the port of an invocation: invocations are many, so what they share is made once. */
export function overNetwork<Store extends object>(store: Store, line: Line): (invocation: Invocation) => Store {
  const operations: Record<string, Method> = {};
  for (const [name, method] of Object.entries(store as Record<string, Method>)) {
    operations[name] = function (this: Networked, ...given) {
      return this.invocation.call(line, () => method.apply(store, given));
    };
  }
  return (invocation) => Object.create(operations, { invocation: { value: invocation } }) as Store;
}
