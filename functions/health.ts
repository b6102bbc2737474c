/** `GET /health`: whether stops are being watched, without a key. */
import type { HttpHandler } from "@backstop/core/api/app";
import type { Clock } from "@backstop/core/clock";
import * as Deps from "@backstop/core/deps";
import type { WatchStore } from "@backstop/core/stop/watch.store";
import { clock, once } from "./system.ts";

export interface HealthDeps {
  readonly clock: Clock;
  readonly watched: Pick<WatchStore, "evaluator">;
}

/** The Scheduler's minute and half of the next: an evaluator that should be running has ticked by then. */
const TICK_AGE_MAX_MS = 90_000;

export function make({ clock, watched }: HealthDeps): HttpHandler {
  return async () => {
    const { leasedAt, lastTickAt } = await watched.evaluator();
    const aliveAt = Math.max(leasedAt?.getTime() ?? 0, lastTickAt?.getTime() ?? 0);
    const late = leasedAt !== null && clock.now().getTime() - aliveAt > TICK_AGE_MAX_MS;
    return {
      statusCode: late ? 503 : 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ status: late ? "late" : "ok", lastTickAt: lastTickAt?.toISOString() ?? null }),
    };
  };
}

const real = once(async () => make({ clock, watched: Deps.watched(process.env) }));

export const handler: HttpHandler = async (event, context) => (await real())(event, context);
