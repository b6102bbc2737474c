/** `GET /positions`, `GET /positions/{id}`, `PATCH /positions/{id}/stop`, `POST /positions/{id}/close`. */
import { type AppDeps, authorizedApp, type HttpHandler, parseBody, serve } from "@backstop/core/api/app";
import { invalid } from "@backstop/core/api/problem";
import { CloseBody, IdempotencyKey, StopChangeBody, stopOf } from "@backstop/core/api/schema";
import { type Config, configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { wakingRelay } from "@backstop/core/event/wake";
import { marketOf } from "@backstop/core/market/market";
import { marketStore } from "@backstop/core/market/market.store";
import { type CloseDeps, closePosition, parseFraction, WHOLE } from "@backstop/core/position/close";
import { getAllPositions, getPosition, type PositionDeps } from "@backstop/core/position/manager";
import { POSITION_STATUSES } from "@backstop/core/position/position";
import { positionStore } from "@backstop/core/position/position.store";
import { currentPrice } from "@backstop/core/price/current";
import { type ReplaceDeps, replaceStop } from "@backstop/core/stop/replace";
import { stopStore } from "@backstop/core/stop/stop.store";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { tradeView } from "@backstop/core/trade/view";
import { clock, ids, log, once } from "./system.ts";

export type PositionsDeps = AppDeps & PositionDeps & CloseDeps & ReplaceDeps & { readonly config: Config };

export function make(deps: PositionsDeps): HttpHandler {
  const { account } = deps;
  const app = authorizedApp(deps);

  app.get("/positions", async (context) => {
    const named = context.req.query("status")?.split(",");
    const statuses = named && POSITION_STATUSES.filter((status) => named.includes(status));
    if (named && statuses?.length !== new Set(named).size) {
      throw invalid(`status is one or more of ${POSITION_STATUSES.join(", ")}: got ${named.join(",")}`);
    }
    return context.json({ positions: await getAllPositions(deps, account, statuses) });
  });

  app.get("/positions/:positionId", async (context) =>
    context.json(await getPosition(deps, account, idOf(context.req.param("positionId")))),
  );

  app.patch("/positions/:positionId/stop", async (context) => {
    const positionId = idOf(context.req.param("positionId"));
    const { version, ...rule } = await parseBody(context.req.raw, StopChangeBody);
    const stop = stopOf(rule, deps.config.stopLoss.defaultTrailingDistanceBps);
    await replaceStop(deps, account, positionId, stop, version);
    return context.json(await getPosition(deps, account, positionId));
  });

  app.post("/positions/:positionId/close", async (context) => {
    const positionId = idOf(context.req.param("positionId"));
    // Closing all of it needs no words.
    const asked = (await context.req.raw.clone().text()) === "" ? {} : await parseBody(context.req.raw, CloseBody);
    const fraction = asked.fraction === undefined ? WHOLE : parseFraction(asked.fraction);
    const key = IdempotencyKey.nullish().safeParse(context.req.header("idempotency-key"));
    if (!key.success) throw invalid("the header Idempotency-Key is 1 to 255 printable characters, where it is sent");
    const record = await closePosition(deps, account, positionId, fraction, key.data ?? null);
    return context.json(tradeView(record, marketOf(deps.markets, record.trade.symbol)), 202);
  });

  return serve(app);
}

/** Anything that is not a position's number is a position that is not there; identities are 31 bits. */
const idOf = (text: string): number => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0);

const real = once(async () => {
  const { env } = process;
  const config = configFrom(env);
  const db = Deps.database(env, clock);
  const watched = Deps.watched(env, clock);
  const markets = await marketStore(db).all();
  const priceSource = Deps.prices(env, clock);
  return make({
    clock,
    ids,
    log,
    config,
    apiKey: Deps.apiKey(env),
    account: await Deps.account(env, db),
    markets,
    positions: positionStore(db),
    stops: stopStore(db),
    trades: tradeStore(db),
    prices: watched,
    currentPrice: (market) => currentPrice({ clock, log, markets, priceSource, watched }, market),
    watch: Deps.watching(env, clock, watched, config),
    queues: Deps.queues(env),
    wakeRelay: wakingRelay(env, log),
  });
});

export const handler: HttpHandler = async (event, context) => (await real())(event, context);
