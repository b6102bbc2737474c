/**
 * Replacing the rule of a position: one row update under a version, so that there is no moment without a stop.
 *
 * Invariants: what is already breached, or outside the limits, is refused with its numbers before anything changes; the new
 * rule is judged from the accepted price of now on; a message that will tell the book again is queued before the change.
 */
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { EngineError } from "../error.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Log } from "../log.ts";
import { type Market, marketOf } from "../market/market.ts";
import { positionNotFound } from "../position/manager.ts";
import type { PositionStore } from "../position/position.store.ts";
import type { Position } from "../position/position.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import type { Queues } from "../queue/queue.ts";
import { positionUpdated } from "../trade/events.ts";
import type { TradeStore } from "../trade/trade.store.ts";
import { armedStop, type StopStore } from "./stop.store.ts";
import { checkStop, type Stop } from "./stop.ts";
import type { Watch } from "./watch.ts";

export interface ReplaceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<Config, "stopLoss">;
  readonly markets: readonly Market[];
  readonly positions: Pick<PositionStore, "find">;
  readonly stops: Pick<StopStore, "replace">;
  readonly trades: Pick<TradeStore, "findEntry">;
  readonly queues: Queues;
  readonly watch: Watch;
  readonly wakeRelay: WakeRelay;
  /** @throws EngineError PRICE_UNAVAILABLE. */
  readonly currentPrice: (market: Market) => Promise<AcceptedPrice>;
}

/**
 * The book is told again after this, should this function die on its way: longer than the change may take. And once more,
 * since nothing but these messages would bring a rule to the book that has changed while an evaluator was ticking.
 */
const TELL_AGAIN_SECONDS = [10, 60];

/**
 * The position under its new rule. Without a version the current one is replaced.
 *
 * @throws EngineError POSITION_NOT_FOUND; UPDATE_CONFLICT with both versions, or with the status of a position that has no
 * stop any more; INVALID_STOP_LEVEL with both prices; PRICE_UNAVAILABLE.
 */
export async function replaceStop(
  deps: ReplaceDeps,
  account: Account,
  positionId: number,
  stop: Stop,
  version?: number,
): Promise<Position> {
  const position = await deps.positions.find(account.accountId, positionId);
  if (!position) throw positionNotFound(positionId);
  if (version !== undefined && version !== position.version) throw conflict(position, version);
  const market = marketOf(deps.markets, position.symbol);
  const accepted = await deps.currentPrice(market);
  checkStop(stop, position.side, accepted.price, deps.config.stopLoss);

  const entry = await deps.trades.findEntry(positionId);
  if (entry) {
    for (const seconds of TELL_AGAIN_SECONDS) await deps.queues.send("confirm", entry, seconds);
  }
  const replaced = await deps.stops.replace({
    accountId: account.accountId,
    positionId,
    version: position.version,
    stop,
    highWaterMark: accepted.price,
    events: [positionUpdated(position, position.totals, position.status)],
    at: deps.clock.now(),
  });
  const now = await deps.positions.find(account.accountId, positionId);
  if (!now) throw positionNotFound(positionId);
  if (!replaced) throw conflict(now, position.version);
  await tellBook(deps, now);
  await deps.wakeRelay();
  return now;
}

/** The change is made, so its author is told so; a book that could not be told is told by the message. */
async function tellBook(deps: ReplaceDeps, position: Position): Promise<void> {
  const armed = armedStop(position);
  if (!armed) return;
  try {
    await deps.watch.arm(armed);
  } catch (error) {
    deps.log.error("book_not_told", error, { positionId: position.positionId });
  }
}

function conflict({ positionId, status, version: current }: Position, version: number): EngineError {
  const named = {
    positionId: String(positionId),
    positionStatus: status,
    version: String(version),
    currentVersion: String(current),
  };
  const detail =
    version === current
      ? `position ${positionId} is ${status}: it has no stop to change`
      : `version ${version} of position ${positionId} is not the current one, ${current}`;
  return new EngineError("UPDATE_CONFLICT", { detail, ...named });
}
