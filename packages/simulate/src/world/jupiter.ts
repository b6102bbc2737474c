/** Jupiter, as the engine asks it: quotes at the true price, and instructions that say what was quoted. */
import { EngineError } from "@backstop/core/error";
import type { JupiterApi } from "@backstop/core/jupiter/client";
import { networkError } from "@backstop/core/jupiter/errors";
import { amount } from "@backstop/core/money/amount";
import { less } from "@backstop/core/money/bps";
import { instructionOf } from "@backstop/core/testing/fake-swap";
import type { Dice } from "../kernel/dice.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Invocation, Line, Trouble } from "../kernel/invocation.ts";
import type { Weather } from "../kernel/weather.ts";
import { spoil, UNFAIR } from "./hostile.ts";
import type { Market } from "./market.ts";

export interface JupiterDeps {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly dice: Dice;
  readonly markets: readonly Market[];
}

const used = () => {
  const detail = "the calls that Jupiter's plan allows are used up: ask again in 1 s";
  return new EngineError("RATE_LIMITED", { detail, upstream: "jupiter", retryAfterSeconds: "1" });
};

const NO_ANSWER: readonly Trouble[] = [
  { fault: "jupiterTimeout", error: () => networkError("did not answer within 3000 ms") },
  { fault: "jupiterError", error: () => networkError("answered 500") },
  { fault: "jupiterRateLimited", error: used },
];

const CALL: Line = { latency: [80, 400], before: NO_ANSWER, after: [] };

export function jupiterOver({ timeline, weather, dice, markets }: JupiterDeps, invocation: Invocation): JupiterApi {
  return {
    getQuote: (request) =>
      invocation.call(CALL, () => {
        const { inputMint, outputMint, amountIn, slippageBps, asked, without } = request;
        const market = markets.find(({ pair }) => pair.baseMint === inputMint || pair.baseMint === outputMint);
        if (!market || weather.strikes("jupiterNoRoute")) {
          throw new EngineError("INSUFFICIENT_LIQUIDITY", { detail: "Jupiter knows no route", ...asked });
        }
        const swapped = market.swap(timeline.now, inputMint, amountIn);
        const amountOut = amount(weather.strikes("jupiterHostile") ? swapped.amountOut / UNFAIR : swapped.amountOut);
        return {
          inputMint,
          outputMint,
          amountIn,
          amountOut,
          minimumOut: amount(less(amountOut, slippageBps)),
          slippageBps,
          priceImpact: swapped.priceImpact,
          contextSlot: null,
          // Whatever is left out, there is another one.
          route: [`pool ${without.length + 1}`],
          takenAt: invocation.clock.now(),
          request,
          answer: {},
        };
      }),

    getSwap: (quote) =>
      invocation.call(CALL, () => ({
        quote,
        instructions: [
          weather.strikes("jupiterHostile") ? spoil(quote, dice) : instructionOf(quote, quote.request.wallet),
        ],
        lookupTables: [],
        simulationError: null,
      })),
  };
}
