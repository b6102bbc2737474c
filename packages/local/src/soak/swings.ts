/**
 * Prices that go down and up by turns, so that stops of both sides are hit.
 *
 * Invariant: after two swings a market is where it was.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Side } from "@backstop/core/market/market";
import type { Faults } from "../faults/client.ts";
import { LISTINGS } from "../listings.ts";

/** Farther than any stop of a soak is away from its market. */
const DOWN = 0.95;

/** Between two swings, each of the next market. Five markets: each side of one is hit every 12 s. */
const SWING_MS = 1_200;

interface Swinging {
  readonly symbol: string;
  price: number;
  isDown: boolean;
}

export class Swings {
  readonly #faults: Pick<Faults, "movePrice">;
  readonly #markets: readonly Swinging[] = LISTINGS.map(({ symbol, price }) => ({ symbol, price, isDown: false }));

  constructor(faults: Pick<Faults, "movePrice">) {
    this.#faults = faults;
  }

  get symbols(): readonly string[] {
    return this.#markets.map(({ symbol }) => symbol);
  }

  /** As of the last swing. */
  priceOf(symbol: string): number {
    return this.#of(symbol).price;
  }

  /** The side whose stops the next swing hits. */
  nextHit(symbol: string): Side {
    return this.#of(symbol).isDown ? "sell" : "buy";
  }

  /** Until it is called off. */
  async swing(until: AbortSignal): Promise<void> {
    for (let turn = 0; !until.aborted; turn += 1) {
      const market = this.#markets[turn % this.#markets.length];
      if (market) await this.#move(market);
      await sleep(SWING_MS, undefined, { signal: until }).catch(() => undefined);
    }
  }

  async #move(market: Swinging): Promise<void> {
    market.price = await this.#faults.movePrice(market.symbol, market.isDown ? 1 / DOWN : DOWN);
    market.isDown = !market.isDown;
  }

  #of(symbol: string): Swinging {
    const found = this.#markets.find((market) => market.symbol === symbol);
    if (!found) throw new TypeError(`no market swings by the name ${symbol}`);
    return found;
  }
}
