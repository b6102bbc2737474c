/** The live positions as the API tells of them, asked once for all who wait for something to become of theirs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PositionView } from "@backstop/core/position/view";
import type { Caller } from "./caller.ts";

/** By id; what is not among them is over. */
export type Live = ReadonlyMap<number, PositionView>;

/** Between two looks: a few blocks, and a small part of what one backend answers. */
const LOOK_MS = 400;

export class Looks {
  readonly #caller: Caller;
  #next = Promise.withResolvers<Live>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** What the first look sees that begins after now. */
  next(): Promise<Live> {
    return this.#next.promise;
  }

  /** Until it is called off; what still waits then is told that nothing is live. */
  async look(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const waiting = this.#next;
      this.#next = Promise.withResolvers<Live>();
      const live = await this.#caller.ask((api) => api.livePositions());
      if (live) waiting.resolve(new Map(live.map((position) => [position.positionId, position])));
      else void this.#next.promise.then(waiting.resolve);
      await sleep(LOOK_MS, undefined, { signal: until }).catch(() => undefined);
    }
    this.#next.resolve(new Map());
  }
}
