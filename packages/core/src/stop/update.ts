/**
 * Judging one position's stop by a price that somebody tells.
 *
 * Invariant: a told price is one more source, not the truth: alone it neither fires a stop nor moves a mark; it counts as far
 * as the engine's own price says the same. What fires takes the same latch and claim as everywhere.
 */
import type { Account } from "../account/account.ts";
import type { Market } from "../market/market.ts";
import { marketOf } from "../market/market.ts";
import { type Bps, bps, fractionOf } from "../money/bps.ts";
import type { Price } from "../money/price.ts";
import { positionNotFound } from "../position/manager.ts";
import type { PositionStore } from "../position/position.store.ts";
import type { AcceptedPrice } from "../price/accepted.ts";
import { type ClaimDeps, claimFired } from "./claim.ts";
import { armedStop, type StopStore } from "./stop.store.ts";
import { isBetter, isHit, raise, triggerPrice } from "./stop.ts";
import type { WatchStore } from "./watch.store.ts";
import { Watching } from "./watching.ts";

export interface UpdateDeps extends ClaimDeps {
  readonly markets: readonly Market[];
  readonly positions: Pick<PositionStore, "find">;
  readonly stops: Pick<StopStore, "claim" | "raiseMarks">;
  readonly store: Pick<WatchStore, "append" | "settle" | "latch">;
  /** @throws EngineError PRICE_UNAVAILABLE. */
  readonly currentPrice: (market: Market) => Promise<AcceptedPrice>;
}

/** How far a told price may be from our own: half of the tightest stop that is usual. */
const AGREEMENT: Bps = bps(50);

/**
 * @throws EngineError POSITION_NOT_FOUND; PRICE_UNAVAILABLE, NETWORK_ERROR when the told price cannot be compared with ours.
 */
export async function updateStop(deps: UpdateDeps, account: Account, positionId: number, told: Price): Promise<void> {
  const position = await deps.positions.find(account.accountId, positionId);
  if (!position) throw positionNotFound(positionId);
  const armed = armedStop(position);
  if (!armed) return;
  const { price: own } = await deps.currentPrice(marketOf(deps.markets, position.symbol));
  const agreed = Math.abs(told / own - 1) <= fractionOf(AGREEMENT) ? told : own;
  // What both say: a mark moves no further than the lesser of them, and a stop is hit only where it is by both.
  const [worse, better] = isBetter(armed.side, own, agreed) ? [agreed, own] : [own, agreed];
  const raised = { ...armed, highWaterMark: raise(armed.side, armed.highWaterMark, worse) };

  if (isHit(raised, better)) {
    const watching = new Watching();
    watching.take([{ type: "arm", armed: raised }], watching.cursor);
    const { latches } = watching.note([], [{ armed: raised, acceptedPrice: better }]);
    await deps.store.latch(latches);
    return claimFired(deps, watching);
  }
  const stopPrice = triggerPrice(raised);
  if (raised.highWaterMark === armed.highWaterMark || stopPrice === null) return;
  await deps.stops.raiseMarks([{ armed: raised, stopPrice, acceptedPrice: worse }], deps.clock.now());
  await deps.wakeRelay();
  await deps.store.append({ type: "arm", armed: raised });
}
