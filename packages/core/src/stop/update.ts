/**
 * Judging one position's stop by a price that somebody tells.
 *
 * Invariant: a told price is one more source, not the truth: it counts only where the engine's own price agrees with it;
 * otherwise the engine's own is judged by. What fires takes the same claim as everywhere.
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
import { triggerPrice } from "./stop.ts";
import { Watching } from "./watching.ts";

export interface UpdateDeps extends ClaimDeps {
  readonly markets: readonly Market[];
  readonly positions: Pick<PositionStore, "find">;
  readonly stops: Pick<StopStore, "claim" | "raiseMarks">;
  /** @throws EngineError PRICE_UNAVAILABLE. */
  readonly currentPrice: (market: Market) => Promise<AcceptedPrice>;
}

/** How far a told price may be from our own: half of the tightest stop there is, so that it cannot fire one by itself. */
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
  const accepted = Math.abs(told / own - 1) <= fractionOf(AGREEMENT) ? told : own;

  const watching = new Watching();
  watching.take([{ type: "arm", armed }], watching.cursor);
  const { raised, fired } = watching.book.tick(armed.symbol, accepted);
  watching.note(
    raised,
    fired.map((each) => ({ armed: each, acceptedPrice: accepted })),
  );
  if (watching.latched.size > 0) return claimFired(deps, watching);
  for (const each of raised) {
    const stopPrice = triggerPrice(each);
    if (stopPrice === null) continue;
    await deps.stops.raiseMarks([{ armed: each, stopPrice, acceptedPrice: accepted }], deps.clock.now());
    await deps.store.append({ type: "arm", armed: each });
  }
}
