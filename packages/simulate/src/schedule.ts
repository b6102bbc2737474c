/** The Scheduler: an evaluator every minute, `reconcile` and `relay-events` every hour, each at a moment of the seed's. */
import type { Lambda } from "./engine/lambda.ts";
import type { World } from "./kernel/invocation.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

export function schedule(lambda: Lambda, { timeline, weather, dice }: World, isOver: () => boolean): void {
  const every = (milliseconds: number, call: () => void) => {
    const next = () => {
      if (isOver()) return;
      call();
      timeline.after(milliseconds, next);
    };
    timeline.after(dice.between(0, milliseconds), next);
  };
  every(MINUTE_MS, () => {
    if (weather.strikes("missedTick")) return;
    for (let calls = weather.strikes("doubleTick") ? 2 : 1; calls > 0; calls--) {
      void lambda.invoke("evaluate-stops", (handler) => handler());
    }
  });
  every(HOUR_MS, () => void lambda.invoke("reconcile", (handler) => handler({})));
  every(HOUR_MS, () => void lambda.invoke("relay-events", (handler) => handler()));
}
