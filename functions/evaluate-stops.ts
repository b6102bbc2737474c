/** The evaluator: called by the Scheduler every minute, and when a stop is armed while none is running. */
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { wakingRelay } from "@backstop/core/event/wake";
import { marketStore } from "@backstop/core/market/market.store";
import { type Ended, type EvaluateDeps, evaluateStops } from "@backstop/core/stop/evaluate";
import { stopStore } from "@backstop/core/stop/stop.store";
import { clock, ids, log, once } from "./system.ts";

type Handler = () => Promise<{ readonly ended: Ended }>;

export function make(deps: EvaluateDeps): Handler {
  return async () => ({ ended: await evaluateStops(deps) });
}

const real = once(async () => {
  const { env } = process;
  const db = Deps.database(env, clock);
  return make({
    clock,
    ids,
    log,
    markets: await marketStore(db).all(),
    prices: Deps.prices(env, clock),
    stops: stopStore(db),
    store: Deps.watched(env, clock),
    queues: Deps.queues(env),
    wakeRelay: wakingRelay(env, log),
    tickMs: configFrom(env).evaluator.tickMs,
  });
});

export const handler: Handler = async () => (await real())();
