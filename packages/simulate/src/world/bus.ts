/** EventBridge, and a reader behind it: what it got, in which order. */
import { isDeepStrictEqual } from "node:util";
import type { Bus, PutResult } from "@backstop/core/event/bus";
import type { StoredEvent } from "@backstop/core/event/event";
import type { Invocation, Line } from "../kernel/invocation.ts";
import type { Weather } from "../kernel/weather.ts";

const error = () => new Error("EventBridge did not answer");

const PUTTING: Line = {
  latency: [10, 60],
  before: [{ fault: "busTimeout", error }],
  after: [{ fault: "busReplyLost", error }],
};

const TAKEN: PutResult = { taken: true };
const REFUSED: PutResult = { taken: false, code: "ThrottlingException", message: "asked too often" };

export class SimulatedBus {
  readonly #weather: Weather;
  /** What a reader that knows the ids has got, each once, as it came first. */
  readonly got = new Map<string, StoredEvent>();
  /** Ids under which something else came the second time. */
  readonly changed: string[] = [];

  constructor(weather: Weather) {
    this.#weather = weather;
  }

  port(invocation: Invocation): Bus {
    return { put: (events) => invocation.call(PUTTING, () => events.map((event) => this.#take(event))) };
  }

  #take(event: StoredEvent): PutResult {
    if (this.#weather.strikes("busRefusal")) return REFUSED;
    const before = this.got.get(event.eventId);
    if (!before) this.got.set(event.eventId, event);
    else if (!isDeepStrictEqual(before, event)) this.changed.push(event.eventId);
    return TAKEN;
  }
}
