/** A rule that takes whatever the engine tells its bus, and keeps it for whoever looks. */
import type { Rule } from "./event-bus.ts";
import type { BusEvent } from "./event-entry.ts";

/** A local run's events by the hundred, at about a kilobyte each; the oldest make room. */
const KEPT = 10_000;

export interface EventArchive {
  readonly rule: Rule;
  /** In the order in which the rule got them, repeated deliveries included. */
  received(): readonly BusEvent[];
}

export function eventArchive(bus: string): EventArchive {
  const kept: BusEvent[] = [];
  return {
    rule: {
      name: "archive",
      bus,
      pattern: { source: ["backstop"] },
      async target(event) {
        kept.push(event);
        if (kept.length > KEPT) kept.shift();
      },
    },
    received: () => [...kept],
  };
}
