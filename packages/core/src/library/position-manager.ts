import { marketOf, type Side } from "../market/market.ts";
import { parsePrice } from "../money/price.ts";
import { closePosition, parseFraction } from "../position/close.ts";
import type { PositionView } from "../position/view.ts";
import { updateStop } from "../stop/update.ts";
import { type TradeView, tradeView } from "../trade/view.ts";
import { type Engine, executeTrade, getPosition, type TradeOptions } from "./engine.ts";

/** Positions from entry to exit. */
export class PositionManager {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Opens a position and answers after its bytes went out.
   *
   * @param size notional in the quote currency, a decimal string
   * @param entryPrice the worst price that is accepted, a decimal string
   * @throws EngineError as `executeTrade`; INSUFFICIENT_LIQUIDITY when no route gives the price
   */
  async openPosition(
    symbol: string,
    side: Side,
    size: string,
    entryPrice: string,
    options: Omit<TradeOptions, "worstPrice"> = {},
  ): Promise<PositionView> {
    const trade = await executeTrade(this.#engine, symbol, side, size, { ...options, worstPrice: entryPrice });
    return getPosition(this.#engine, trade.positionId);
  }

  /**
   * Closes the position, or a fraction of what it holds; again while it closes: the same trade.
   *
   * @throws EngineError POSITION_NOT_FOUND, INVALID_POSITION_SIZE, UPDATE_CONFLICT
   */
  async closePosition(positionId: number, fraction = "1"): Promise<TradeView> {
    const { account, markets } = this.#engine;
    const record = await closePosition(this.#engine, account, positionId, parseFraction(fraction));
    return tradeView(record, marketOf(markets, record.trade.symbol));
  }

  /**
   * Judges the position by a price, which counts as far as the engine's own agrees with it, and answers with what it is then.
   *
   * @throws EngineError POSITION_NOT_FOUND, PRICE_UNAVAILABLE
   */
  async updatePosition(positionId: number, currentPrice: string): Promise<PositionView> {
    await updateStop(this.#engine, this.#engine.account, positionId, parsePrice(currentPrice));
    return getPosition(this.#engine, positionId);
  }
}
