/** `GET /positions`, `GET /positions/{id}`. */
import { type AppDeps, authorizedApp, type HttpHandler, serve } from "@backstop/core/api/app";
import { invalid } from "@backstop/core/api/problem";
import * as Deps from "@backstop/core/deps";
import { marketStore } from "@backstop/core/market/market.store";
import { getAllPositions, getPosition, type PositionDeps } from "@backstop/core/position/manager";
import { POSITION_STATUSES } from "@backstop/core/position/position";
import { positionStore } from "@backstop/core/position/position.store";
import { clock, log, once } from "./system.ts";

export function make(deps: AppDeps & PositionDeps): HttpHandler {
  const app = authorizedApp(deps);

  app.get("/positions", async (context) => {
    const named = context.req.query("status")?.split(",");
    const statuses = named && POSITION_STATUSES.filter((status) => named.includes(status));
    if (named && statuses?.length !== new Set(named).size) {
      throw invalid(`status is one or more of ${POSITION_STATUSES.join(", ")}: got ${named.join(",")}`);
    }
    return context.json({ positions: await getAllPositions(deps, deps.account, statuses) });
  });

  app.get("/positions/:positionId", async (context) => {
    const { positionId } = context.req.param();
    // Anything that is not a position's number is a position that is not there; identities are 31 bits.
    const number = /^[1-9]\d{0,8}$/.test(positionId) ? Number(positionId) : 0;
    return context.json(await getPosition(deps, deps.account, number));
  });

  return serve(app);
}

const real = once(async () => {
  const { env } = process;
  const db = Deps.database(env, clock);
  return make({
    log,
    apiKey: Deps.apiKey(env),
    account: await Deps.account(env, db),
    markets: await marketStore(db).all(),
    positions: positionStore(db),
    prices: Deps.watched(env, clock),
  });
});

export const handler: HttpHandler = async (event, context) => (await real())(event, context);
