/** Telling the evaluator: a change goes into the book, and an evaluator that is not running is woken. */
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import type { Clock } from "../clock.ts";
import type { ArmedStop } from "./stop.ts";
import type { WatchStore } from "./watch.store.ts";

export interface Watch {
  /** From now on the stop is watched. Telling it again changes nothing. */
  arm(armed: ArmedStop): Promise<void>;
}

export interface WatchDeps {
  readonly clock: Clock;
  readonly store: Pick<WatchStore, "append" | "evaluator">;
  /** Starts an evaluator without waiting for it. */
  readonly wake: () => Promise<void>;
  readonly tickMs: number;
}

/** Ticks missed before the evaluator counts as not running: one may be slow, and one may be on its way. */
const MISSED_TICKS = 5;

export const watch = ({ clock, store, wake, tickMs }: WatchDeps): Watch => ({
  async arm(armed) {
    // First the book, then the look: an evaluator that ends for want of stops looks once more after it has said so.
    await store.append({ type: "arm", armed });
    const { leasedAt, lastTickAt } = await store.evaluator();
    const aliveAt = Math.max(leasedAt?.getTime() ?? 0, lastTickAt?.getTime() ?? 0);
    if (!leasedAt || clock.now().getTime() - aliveAt > MISSED_TICKS * tickMs) await wake();
  },
});

export const lambdaWake =
  (client: LambdaClient, functionName: string): (() => Promise<void>) =>
  async () => {
    await client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: "Event", Payload: "{}" }));
  };
