import { amount } from "../money/amount.ts";
import { less } from "../money/bps.ts";
import type { Quote, QuoteRequest } from "./client.ts";
import { networkError } from "./errors.ts";
import type { QuoteAnswer } from "./schema.ts";

/** The quote that an answer is. @throws EngineError NETWORK_ERROR when it answers another request. */
export function quoteOf(request: QuoteRequest, answer: QuoteAnswer, takenAt: Date): Quote {
  const { inputMint, outputMint, amountIn, slippageBps } = request;
  const isAsked =
    answer.inputMint === inputMint &&
    answer.outputMint === outputMint &&
    BigInt(answer.inAmount) === amountIn &&
    answer.slippageBps === slippageBps;
  if (!isAsked) throw networkError("answered with a quote for another swap than the one asked for");
  const amountOut = amount(BigInt(answer.outAmount));
  return {
    inputMint,
    outputMint,
    amountIn,
    amountOut,
    minimumOut: amount(less(amountOut, slippageBps)),
    slippageBps,
    priceImpact: Math.abs(Number(answer.priceImpactPct)),
    contextSlot: answer.contextSlot == null ? null : BigInt(answer.contextSlot),
    route: [...new Set(answer.routePlan.map(({ swapInfo: { label, ammKey } }) => label ?? ammKey))],
    takenAt,
    request,
    answer,
  };
}
