/** Reading positions, as callers see them. */
import type { Account } from "../account/account.ts";
import { EngineError } from "../error.ts";
import type { Log } from "../log.ts";
import { type Market, marketOf } from "../market/market.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import type { WatchStore } from "../stop/watch.store.ts";
import type { PositionStore } from "./position.store.ts";
import { LIVE_POSITIONS, type Position, type PositionStatus } from "./position.ts";
import { type PositionView, positionView } from "./view.ts";

export interface PositionDeps {
  readonly log: Log;
  readonly positions: Pick<PositionStore, "find" | "list">;
  readonly prices: Pick<WatchStore, "prices">;
  readonly markets: readonly Market[];
}

/** One page; an account holds fewer positions than this while its seats are limited. */
const PAGE = 500;

/** @throws EngineError POSITION_NOT_FOUND, also for a position of another account. */
export async function getPosition(deps: PositionDeps, account: Account, positionId: number): Promise<PositionView> {
  const position = await deps.positions.find(account.accountId, positionId);
  if (!position) throw positionNotFound(positionId);
  const [view] = await views(deps, [position]);
  if (!view) throw new TypeError(`position ${positionId} has no view`);
  return view;
}

/** The account's positions, newest first; those that are not over when no status is named. */
export async function getAllPositions(
  deps: PositionDeps,
  account: Account,
  statuses: readonly PositionStatus[] = LIVE_POSITIONS,
): Promise<readonly PositionView[]> {
  return views(deps, await deps.positions.list(account.accountId, statuses, PAGE));
}

async function views(deps: PositionDeps, positions: readonly Position[]): Promise<readonly PositionView[]> {
  const symbols = [...new Set(positions.map((position) => position.symbol))];
  const prices = await lastPrices(deps, symbols);
  return positions.map((position) => {
    return positionView(position, marketOf(deps.markets, position.symbol), prices.get(position.symbol) ?? null);
  });
}

/** Without an answer no price is known, and the positions are shown all the same. */
async function lastPrices(
  { prices, log }: PositionDeps,
  symbols: readonly string[],
): Promise<ReadonlyMap<string, AcceptedPrice>> {
  try {
    return await prices.prices(symbols);
  } catch (error) {
    log.error("prices_unanswered", error);
    return new Map();
  }
}

export const positionNotFound = (positionId: number): EngineError =>
  new EngineError("POSITION_NOT_FOUND", {
    detail: `there is no position ${positionId}`,
    positionId: String(positionId),
  });
