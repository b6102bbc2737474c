/** Makes and sends the next attempt of the trades that messages name: exits, and entries whose function died. */
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { wakingRelay } from "@backstop/core/event/wake";
import { marketStore } from "@backstop/core/market/market.store";
import { type BatchHandler, eachOf } from "@backstop/core/queue/batch";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { driveTrade } from "@backstop/core/trade/drive";
import { exitStore } from "@backstop/core/trade/exit.store";
import type { SubmitDeps } from "@backstop/core/trade/submit";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { turnStore } from "@backstop/core/trade/turn.store";
import { clock, log, once } from "./system.ts";

export function make(deps: SubmitDeps): BatchHandler {
  return eachOf(deps.log, (tradeId) => driveTrade(deps, tradeId));
}

const real = once(async () => {
  const { env } = process;
  const config = configFrom(env);
  const db = Deps.database(env, clock);
  return make({
    clock,
    log,
    config,
    trades: tradeStore(db),
    attempts: attemptStore(db),
    jupiter: Deps.jupiter(env, clock, config, log),
    rpc: solanaRpc(config.jupiter.rpcEndpoints, clock),
    signing: Deps.signing(env),
    queues: Deps.queues(env),
    wakeRelay: wakingRelay(env, log),
    turns: turnStore(db),
    exits: exitStore(db),
    prices: Deps.watched(env, clock),
    markets: await marketStore(db).all(),
  });
});

export const handler: BatchHandler = async (batch) => (await real())(batch);
