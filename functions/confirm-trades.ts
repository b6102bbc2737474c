/** Finds out what became of the trades that messages name: statuses, fills, arming, and the bytes once more while they may land. */
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { wakingRelay } from "@backstop/core/event/wake";
import { marketStore } from "@backstop/core/market/market.store";
import { type BatchHandler, inBatches } from "@backstop/core/queue/batch";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { type ConfirmDeps, confirmTrades } from "@backstop/core/trade/confirm";
import { fillStore } from "@backstop/core/trade/fill.store";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { clock, log, once } from "./system.ts";

export function make(deps: ConfirmDeps): BatchHandler {
  return inBatches(deps.log, (tradeIds) => confirmTrades(deps, tradeIds));
}

const real = once(async () => {
  const { env } = process;
  const config = configFrom(env);
  const db = Deps.database(env, clock);
  const store = Deps.watched(env, clock);
  return make({
    clock,
    log,
    config,
    trades: tradeStore(db),
    attempts: attemptStore(db),
    fills: fillStore(db),
    rpc: solanaRpc(config.jupiter.rpcEndpoints, clock),
    queues: Deps.queues(env),
    wakeRelay: wakingRelay(env, log),
    watch: Deps.watching(env, clock, store, config),
    prices: store,
    markets: await marketStore(db).all(),
  });
});

export const handler: BatchHandler = async (batch) => (await real())(batch);
