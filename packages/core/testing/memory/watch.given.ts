/** The evaluator's state in memory for one test, which sees its states. */
import type { Clock } from "../../src/clock.ts";
import type { OpenedWatch } from "../watch.contract.ts";
import { EMPTY_WATCH_STATE, memoryWatchStore, type WatchHold } from "./watch.ts";

export function openMemoryWatch(clock: Pick<Clock, "now">): OpenedWatch & { readonly hold: WatchHold } {
  let state = EMPTY_WATCH_STATE;
  const hold: WatchHold = {
    read: () => state,
    write: (next) => {
      state = next;
    },
  };
  return {
    hold,
    store: memoryWatchStore(hold, clock),
    flush: async () => hold.write(EMPTY_WATCH_STATE),
    close: async () => {},
  };
}
