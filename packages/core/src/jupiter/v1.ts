/**
 * Jupiter Swap v1 through `@jup-ag/api`: a quote, then the instructions for it.
 *
 * The client library's traps and how they are met: its factory ignores a base path, so the API class is made directly;
 * it has no time-out, so every call goes through our `fetch`; it drops unknown fields, so the raw body is parsed here and
 * the quote goes back whole; its `amount` is typed as a number but sent as it prints, so a bigint goes through exactly.
 */
import { Configuration, type QuoteResponse, ResponseError, SwapApi } from "@jup-ag/api";
import { ask, fetching, type JupiterDeps } from "./ask.ts";
import type { JupiterApi, Quote } from "./client.ts";
import { quoteOf } from "./quote.ts";
import { InstructionsAnswer, QuoteAnswer } from "./schema.ts";

export function jupiterV1(deps: JupiterDeps): JupiterApi {
  const api = new SwapApi(
    new Configuration({ basePath: `${deps.config.baseUrl}/swap/v1`, fetchApi: fetching(deps) as typeof fetch }),
  );
  return {
    async getQuote(request) {
      const { inputMint, outputMint, amountIn, slippageBps, maxAccounts, without } = request;
      const answer = await ask(deps, request, QuoteAnswer, () =>
        rawOf(
          api.quoteGetRaw({
            inputMint,
            outputMint,
            amount: amountIn as unknown as number,
            slippageBps,
            swapMode: "ExactIn",
            restrictIntermediateTokens: true,
            ...(maxAccounts !== null && { maxAccounts }),
            // One text: the library would repeat the parameter, which the API does not document.
            ...(without.length > 0 && { excludeDexes: [without.join(",")] }),
          }),
        ),
      );
      return quoteOf(request, answer, deps.clock.now());
    },

    async getSwap(quote) {
      const quoteResponse = posted(quote);
      const answer = await ask(deps, quote.request, InstructionsAnswer, () =>
        rawOf(
          api.swapInstructionsPostRaw(
            {
              swapRequest: {
                userPublicKey: quote.request.wallet,
                quoteResponse,
                // SOL stays wrapped, so that lamports are fees and rent only.
                wrapAndUnwrapSol: false,
                // With it Jupiter simulates the swap, and says what that found.
                dynamicComputeUnitLimit: true,
              },
            },
            // The library would drop what it does not know from the quote on its way back.
            async ({ init }) => ({ body: { ...(init.body as object), quoteResponse } as unknown as string }),
          ),
        ),
      );
      const { otherInstructions, setupInstructions, swapInstruction, cleanupInstruction, simulationError } = answer;
      return {
        quote,
        instructions: [
          ...otherInstructions,
          ...setupInstructions,
          swapInstruction,
          ...(cleanupInstruction ? [cleanupInstruction] : []),
        ],
        lookupTables: answer.addressLookupTableAddresses,
        simulationError: simulationError == null ? null : JSON.stringify(simulationError),
      };
    },
  };
}

/** The library throws an answer that is not 2xx; it is told apart where all answers are. */
async function rawOf(answer: Promise<{ readonly raw: Response }>): Promise<Response> {
  try {
    return (await answer).raw;
  } catch (error) {
    if (error instanceof ResponseError) return error.response;
    throw error;
  }
}

/**
 * As it came; with another slippage where one was put in its place: the minimum on chain comes from `outAmount` and
 * `slippageBps` of the quote that is sent back (`otherAmountThreshold` is informational).
 */
function posted({ answer, slippageBps, minimumOut }: Quote): QuoteResponse {
  const sent =
    answer["slippageBps"] === slippageBps
      ? answer
      : { ...answer, slippageBps, otherAmountThreshold: minimumOut.toString() };
  return sent as unknown as QuoteResponse;
}
