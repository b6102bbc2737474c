/** Looks whether things are as they should be: at the trades that messages name, or, called by the schedule, at everything. */
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { wakingRelay } from "@backstop/core/event/wake";
import { marketStore } from "@backstop/core/market/market.store";
import { type BatchAnswer, inBatches, type MessageBatch } from "@backstop/core/queue/batch";
import { type ReconcileDeps, reconcileAll, reconcileTrades } from "@backstop/core/reconcile/reconcile";
import { reconcileStore } from "@backstop/core/reconcile/reconcile.store";
import { shortageStore } from "@backstop/core/reconcile/shortage.store";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { stopStore } from "@backstop/core/stop/stop.store";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { fillStore } from "@backstop/core/trade/fill.store";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { turnStore } from "@backstop/core/trade/turn.store";
import { clock, log, once } from "./system.ts";

type Handler = (event: MessageBatch | object) => Promise<BatchAnswer>;

export function make(deps: ReconcileDeps): Handler {
  const messages = inBatches(deps.log, (tradeIds) => reconcileTrades(deps, tradeIds));
  return async (event) => {
    if ("Records" in event) return messages(event);
    await reconcileAll(deps);
    return { batchItemFailures: [] };
  };
}

const real = once(async () => {
  const { env } = process;
  const config = configFrom(env);
  const db = Deps.database(env, clock);
  const watched = Deps.watched(env, clock);
  return make({
    clock,
    log,
    looks: reconcileStore(db),
    shortages: shortageStore(db),
    trades: tradeStore(db),
    attempts: attemptStore(db),
    fills: fillStore(db),
    turns: turnStore(db),
    rpc: solanaRpc(config.jupiter.rpcEndpoints, clock),
    queues: Deps.queues(env),
    wakeRelay: wakingRelay(env, log),
    prices: watched,
    book: watched,
    stops: stopStore(db),
    markets: await marketStore(db).all(),
  });
});

export const handler: Handler = async (event) => (await real())(event);
