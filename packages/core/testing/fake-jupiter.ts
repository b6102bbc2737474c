/** A Jupiter that knows SOL at 150 USDC, and a little more at every question, so that no two swaps have the same bytes. */
import type { Clock } from "../src/clock.ts";
import type { JupiterApi, Quote } from "../src/jupiter/client.ts";
import { amount } from "../src/money/amount.ts";
import { less } from "../src/money/bps.ts";
import { instructionOf } from "./fake-swap.ts";
import { SOL_USDC } from "./given.ts";

export function fakeJupiter(clock: Clock): JupiterApi {
  let asked = 0n;
  return {
    async getQuote(request): Promise<Quote> {
      const { inputMint, outputMint, amountIn, slippageBps } = request;
      const worth = inputMint === SOL_USDC.quoteMint ? (amountIn * 20n) / 3n : (amountIn * 3n) / 20n;
      const amountOut = amount(worth + ++asked);
      return {
        inputMint,
        outputMint,
        amountIn,
        amountOut,
        minimumOut: amount(less(amountOut, slippageBps)),
        slippageBps,
        priceImpact: 0,
        contextSlot: null,
        route: ["Fake pool"],
        takenAt: clock.now(),
        request,
        answer: {},
      };
    },
    async getSwap(quote) {
      const instructions = [instructionOf(quote, quote.request.wallet)];
      return { quote, instructions, lookupTables: [], simulationError: null };
    },
  };
}
