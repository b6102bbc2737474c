/**
 * The engine as a library: the promised functions, over the very same paths that the deployed handlers take.
 *
 * Nothing here reaches the chain by itself: a trade is planned, recorded, signed by `sign` and driven by the queues, so the
 * deployment has to be there; a library user is one more caller.
 */
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import { type Config, configFrom, type Environment } from "../config.ts";
import * as Deps from "../deps.ts";
import { wakingRelay } from "../event/wake.ts";
import type { Ids } from "../id.ts";
import type { Log } from "../log.ts";
import { marketStore } from "../market/market.store.ts";
import { marketOf, type Side } from "../market/market.ts";
import { parsePrice } from "../money/price.ts";
import type { CloseDeps } from "../position/close.ts";
import * as Manager from "../position/manager.ts";
import { positionStore } from "../position/position.store.ts";
import type { PositionView } from "../position/view.ts";
import { currentPrice } from "../price/current.ts";
import { solanaRpc } from "../solana/rpc.ts";
import { type ReplaceDeps, replaceStop } from "../stop/replace.ts";
import { stopStore } from "../stop/stop.store.ts";
import type { Stop } from "../stop/stop.ts";
import type { UpdateDeps } from "../stop/update.ts";
import { attemptStore } from "../trade/attempt.store.ts";
import { type ExecuteDeps, executeTrade as execute } from "../trade/execute.ts";
import { exitStore } from "../trade/exit.store.ts";
import { tradeStore } from "../trade/trade.store.ts";
import { turnStore } from "../trade/turn.store.ts";
import { type TradeView, tradeView } from "../trade/view.ts";

export type Engine = ExecuteDeps &
  CloseDeps &
  ReplaceDeps &
  UpdateDeps &
  Manager.PositionDeps & { readonly account: Account; readonly config: Config };

export interface World {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

/** Connects to a deployment, or to the local stack, by the same variables that its functions have. */
export async function connectEngine(environment: Environment, { clock, ids, log }: World): Promise<Engine> {
  const config = configFrom(environment);
  const db = Deps.database(environment, clock);
  const rpc = solanaRpc(config.jupiter.rpcEndpoints, clock);
  const watched = Deps.watched(environment, clock);
  const priceSource = Deps.prices(environment, clock);
  const markets = await marketStore(db).all();
  return {
    clock,
    ids,
    log,
    config,
    account: await Deps.account(environment, db),
    markets,
    positions: positionStore(db),
    stops: stopStore(db),
    trades: tradeStore(db),
    attempts: attemptStore(db),
    jupiter: Deps.jupiter(environment, clock, config, log),
    priceSource,
    currentPrice: (market) => currentPrice({ clock, log, markets, priceSource, watched }, market),
    watched,
    prices: watched,
    store: watched,
    watch: Deps.watching(environment, clock, watched, config),
    rpc,
    balances: rpc,
    signing: Deps.signing(environment),
    queues: Deps.queues(environment),
    wakeRelay: wakingRelay(environment, log),
    turns: turnStore(db),
    exits: exitStore(db),
  };
}

export interface TradeOptions {
  readonly stop?: Stop;
  /** A decimal string; absent: what the market gives, within the slippage. */
  readonly worstPrice?: string;
  /** The same key, the same trade, for ever; absent: every call is a trade of its own. */
  readonly idempotencyKey?: string;
}

/**
 * Executes a trade through Jupiter.
 *
 * @param size notional in the quote currency, a decimal string
 * @throws EngineError as `POST /trades` answers; none after the trade exists
 */
export async function executeTrade(
  engine: Engine,
  symbol: string,
  side: Side,
  size: string,
  { stop, worstPrice, idempotencyKey }: TradeOptions = {},
): Promise<TradeView> {
  const request = {
    symbol,
    side,
    size,
    stop: stop ?? null,
    worstPrice: worstPrice === undefined ? null : parsePrice(worstPrice),
  };
  const record = await execute(engine, engine.account, {
    ...request,
    idempotencyKey: idempotencyKey ?? engine.ids.next("trd"),
    requestDigest: JSON.stringify(request),
  });
  return tradeView(record, marketOf(engine.markets, symbol));
}

/** @throws EngineError POSITION_NOT_FOUND */
export const getPosition = (engine: Engine, positionId: number): Promise<PositionView> =>
  Manager.getPosition(engine, engine.account, positionId);

/** All positions that are not over, newest first. */
export const getAllPositions = (engine: Engine): Promise<readonly PositionView[]> =>
  Manager.getAllPositions(engine, engine.account);

/**
 * Puts a fixed stop at `stopPrice`, a decimal string, in the place of the current rule.
 *
 * @throws EngineError POSITION_NOT_FOUND, INVALID_STOP_LEVEL, UPDATE_CONFLICT, PRICE_UNAVAILABLE
 */
export async function updatePositionStop(engine: Engine, positionId: number, stopPrice: string): Promise<PositionView> {
  await replaceStop(engine, engine.account, positionId, { kind: "fixed", price: parsePrice(stopPrice) });
  return getPosition(engine, positionId);
}
