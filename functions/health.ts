/** `GET /health`: whether stops are being watched, without a key. */
import type { HttpHandler } from "@backstop/core/api/app";
import type { Clock } from "@backstop/core/clock";
import * as Deps from "@backstop/core/deps";
import type { Log } from "@backstop/core/log";
import type { WatchStore } from "@backstop/core/stop/watch.store";
import { clock, log, once } from "./system.ts";

export interface HealthDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly watched: Pick<WatchStore, "evaluator">;
}

/** The Scheduler's minute and half of the next: an evaluator that should be running has ticked by then. */
const TICK_AGE_MAX_MS = 90_000;

export function make({ clock, log, watched }: HealthDeps): HttpHandler {
  return async () => {
    const answer = await state(watched, clock.now()).catch((error: unknown) => {
      log.error("health_unknown", error);
      return { status: "unknown", lastTickAt: null } as const;
    });
    return {
      statusCode: answer.status === "ok" ? 200 : 503,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(answer),
    };
  };
}

/** An evaluator that ends for want of stops takes its last tick with it, so an old tick is one that should have been followed. */
async function state(watched: HealthDeps["watched"], now: Date) {
  const { leasedAt, lastTickAt } = await watched.evaluator();
  const aliveAt = lastTickAt ?? leasedAt;
  const late = aliveAt !== null && now.getTime() - aliveAt.getTime() > TICK_AGE_MAX_MS;
  return { status: late ? "late" : "ok", lastTickAt: lastTickAt?.toISOString() ?? null } as const;
}

const real = once(async () => make({ clock, log, watched: Deps.watched(process.env, clock) }));

export const handler: HttpHandler = async (event, context) => (await real())(event, context);
