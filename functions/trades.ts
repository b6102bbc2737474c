/** `POST /trades`, `GET /trades/{id}`. */
import { createHash } from "node:crypto";
import { type AppDeps, authorizedApp, type HttpHandler, parseBody, serve } from "@backstop/core/api/app";
import { invalid } from "@backstop/core/api/problem";
import { IdempotencyKey, stopOf, TradeBody } from "@backstop/core/api/schema";
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { EngineError } from "@backstop/core/error";
import { wakingRelay } from "@backstop/core/event/wake";
import { marketOf } from "@backstop/core/market/market";
import { marketStore } from "@backstop/core/market/market.store";
import { positionStore } from "@backstop/core/position/position.store";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { type ExecuteDeps, executeTrade } from "@backstop/core/trade/execute";
import { exitStore } from "@backstop/core/trade/exit.store";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { turnStore } from "@backstop/core/trade/turn.store";
import { tradeView } from "@backstop/core/trade/view";
import { clock, ids, log, once } from "./system.ts";

const TRADE_ID = /^trd_\w{1,80}$/;

export function make(deps: AppDeps & ExecuteDeps): HttpHandler {
  const { account, config } = deps;
  const app = authorizedApp(deps);

  app.post("/trades", async (context) => {
    const key = IdempotencyKey.safeParse(context.req.header("idempotency-key"));
    if (!key.success) throw invalid("the header Idempotency-Key is required: 1 to 255 printable characters");
    const { stop, ...body } = await parseBody(context.req.raw, TradeBody);
    const rule = stop ? stopOf(stop, config.stopLoss.defaultTrailingDistanceBps) : null;
    const record = await executeTrade(deps, account, {
      ...body,
      stop: rule,
      worstPrice: null,
      idempotencyKey: key.data,
      requestDigest: createHash("sha256")
        .update(JSON.stringify([body.symbol, body.side, body.size, stop ?? null]))
        .digest("base64url"),
    });
    return context.json(tradeView(record, marketOf(deps.markets, record.trade.symbol)), 202);
  });

  app.get("/trades/:tradeId", async (context) => {
    const { tradeId } = context.req.param();
    // Whatever is no id of ours names no trade; it is not asked for.
    const record = TRADE_ID.test(tradeId) ? await deps.trades.find(tradeId) : null;
    if (record?.trade.accountId !== account.accountId) {
      throw new EngineError("TRADE_NOT_FOUND", { detail: `there is no trade ${tradeId}`, tradeId });
    }
    return context.json(tradeView(record, marketOf(deps.markets, record.trade.symbol)));
  });

  return serve(app);
}

const real = once(async () => {
  const { env } = process;
  const config = configFrom(env);
  const db = Deps.database(env, clock);
  const rpc = solanaRpc(config.jupiter.rpcEndpoints, clock);
  const watched = Deps.watched(env, clock);
  return make({
    clock,
    ids,
    log,
    config,
    apiKey: Deps.apiKey(env),
    account: await Deps.account(env, db),
    markets: await marketStore(db).all(),
    trades: tradeStore(db),
    positions: positionStore(db),
    attempts: attemptStore(db),
    jupiter: Deps.jupiter(env, clock, config, log),
    priceSource: Deps.prices(env, clock),
    watched,
    prices: watched,
    turns: turnStore(db),
    exits: exitStore(db),
    rpc,
    balances: rpc,
    signing: Deps.signing(env),
    queues: Deps.queues(env),
    wakeRelay: wakingRelay(env, log),
  });
});

export const handler: HttpHandler = async (event, context) => (await real())(event, context);
