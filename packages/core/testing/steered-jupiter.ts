/** The fake Jupiter, with what a test wants it to say instead, and what it was asked. */
import type { Clock } from "../src/clock.ts";
import { EngineError } from "../src/error.ts";
import { type JupiterApi, type Quote, type QuoteRequest, type Swap, withSlippage } from "../src/jupiter/client.ts";
import { fakeJupiter } from "./fake-jupiter.ts";

export interface SteeredJupiter extends JupiterApi {
  readonly asked: readonly QuoteRequest[];
  /** Of the quotes that instructions were asked for. */
  readonly swapped: readonly Quote[];
  /** From now on; what it throws is Jupiter's refusal. */
  quoting(steer: (quote: Quote) => Partial<Quote> | Promise<Partial<Quote>>): void;
  swapping(steer: (swap: Swap) => Partial<Swap>): void;
}

export function steeredJupiter(clock: Clock): SteeredJupiter {
  const jupiter = fakeJupiter(clock);
  const asked: QuoteRequest[] = [];
  const swapped: Quote[] = [];
  let quoting: (quote: Quote) => Partial<Quote> | Promise<Partial<Quote>> = () => ({});
  let swapping: (swap: Swap) => Partial<Swap> = () => ({});
  return {
    asked,
    swapped,
    quoting(steer) {
      quoting = steer;
    },
    swapping(steer) {
      swapping = steer;
    },
    async getQuote(request) {
      asked.push(request);
      const quote = await jupiter.getQuote(request);
      const steered = { ...quote, ...(await quoting(quote)) };
      return withSlippage(steered, steered.slippageBps);
    },
    async getSwap(quote) {
      swapped.push(quote);
      const swap = await jupiter.getSwap(quote);
      return { ...swap, ...swapping(swap) };
    },
  };
}

export const noRoute = (): never => {
  throw new EngineError("INSUFFICIENT_LIQUIDITY", { detail: "no route was found", symbol: "SOL/USDC", size: "1" });
};

export const rateLimited = (): never => {
  const detail = "the plan's calls are used up";
  throw new EngineError("RATE_LIMITED", { detail, upstream: "jupiter", retryAfterSeconds: "2" });
};
