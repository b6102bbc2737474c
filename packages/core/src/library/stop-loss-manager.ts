import { bpsFromFraction } from "../money/bps.ts";
import { parsePrice } from "../money/price.ts";
import type { PositionView } from "../position/view.ts";
import { replaceStop } from "../stop/replace.ts";
import type { Stop } from "../stop/stop.ts";
import { updateStop } from "../stop/update.ts";
import { type Engine, getPosition, updatePositionStop } from "./engine.ts";

/** The rule on a position. Setting one replaces the one that is there, in one row update: there is no moment without a stop. */
export class StopLossManager {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws EngineError POSITION_NOT_FOUND, INVALID_STOP_LEVEL with both prices, UPDATE_CONFLICT, PRICE_UNAVAILABLE */
  setStopLoss(positionId: number, stopPrice: string): Promise<PositionView> {
    return updatePositionStop(this.#engine, positionId, stopPrice);
  }

  /**
   * @param distance a fraction such as "0.03"; absent: the configured one
   * @param activation asleep until the market has moved by this fraction from the entry; absent: awake at once
   * @throws EngineError as `setStopLoss`
   */
  async setTrailingStop(positionId: number, distance?: string, activation?: string): Promise<PositionView> {
    const { account, config } = this.#engine;
    const stop: Stop = {
      kind: "trailing",
      distanceBps:
        distance === undefined ? config.stopLoss.defaultTrailingDistanceBps : bpsFromFraction(Number(distance)),
      ...(activation !== undefined && { activationBps: bpsFromFraction(Number(activation)) }),
    };
    await replaceStop(this.#engine, account, positionId, stop);
    return getPosition(this.#engine, positionId);
  }

  /** Judges the stop by a price, which counts as far as the engine's own agrees with it. @throws EngineError POSITION_NOT_FOUND */
  updateStops(positionId: number, currentPrice: string): Promise<void> {
    return updateStop(this.#engine, this.#engine.account, positionId, parsePrice(currentPrice));
  }
}
