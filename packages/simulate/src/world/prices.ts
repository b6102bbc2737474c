/** Where prices come from: the true ones, as far as it tells them. */
import { EngineError } from "@backstop/core/error";
import type { Mint } from "@backstop/core/market/mint";
import type { Observation, PriceSource } from "@backstop/core/price/accepted";
import type { Dice } from "../kernel/dice.ts";
import type { Invocation, Line } from "../kernel/invocation.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Weather } from "../kernel/weather.ts";
import type { Market } from "./market.ts";

export interface PricesDeps {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly dice: Dice;
  readonly markets: readonly Market[];
}

const CALL: Line = {
  latency: [30, 150],
  before: [
    {
      fault: "priceTimeout",
      error: () =>
        new EngineError("NETWORK_ERROR", {
          detail: "the price API could not be reached",
          upstream: "jupiter price",
          outcome: "known",
        }),
    },
  ],
  after: [],
};

const WILD = [2 / 3, 4 / 3] as const;

const NONSENSE = [0, -1, Number.NaN, Number.POSITIVE_INFINITY];

export function pricesOver({ timeline, weather, dice, markets }: PricesDeps, invocation: Invocation): PriceSource {
  const told = (mint: Mint): number | null => {
    const market = markets.find(({ pair }) => pair.baseMint === mint);
    if (!market) return markets.some(({ pair }) => pair.quoteMint === mint) ? 1 : null;
    const price = market.price(timeline.now) * (weather.strikes("priceWild") ? dice.between(...WILD) : 1);
    market.note(price);
    return price;
  };
  return {
    name: "simulated",
    fetch: (mints) =>
      invocation.call(CALL, () => {
        const observations = new Map<Mint, Observation>();
        for (const mint of mints) {
          const price = told(mint);
          if (price === null || weather.strikes("priceMissing")) continue;
          observations.set(mint, {
            usdPrice: weather.strikes("priceNonsense") ? dice.pick(NONSENSE) : price,
            blockId: null,
          });
        }
        return observations;
      }),
  };
}
