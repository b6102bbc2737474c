/**
 * Jupiter Swap v2, `/build`: the quote and its instructions in one answer, for one wallet.
 *
 * Its blockhash and compute-unit price are not used: attempts have blockhashes of our own, and the fee is ours to choose.
 * Neither is a tip: none is asked for.
 */
import { ask, fetching, type JupiterDeps } from "./ask.ts";
import type { JupiterApi, Quote, QuoteRequest } from "./client.ts";
import { quoteOf } from "./quote.ts";
import { BuildAnswer } from "./schema.ts";

/** Instructions older than this are built anew: their route is as old as the price it was chosen for. */
const BUILD_LIFE_MS = 3_000;

export function jupiterV2(deps: JupiterDeps): JupiterApi {
  const send = fetching(deps);
  const { clock, config } = deps;

  async function build(request: QuoteRequest): Promise<Quote> {
    const url = `${config.baseUrl}/swap/v2/build?${queryOf(request)}`;
    const answer = await ask(deps, request, BuildAnswer, () => send(url));
    return quoteOf(request, answer, clock.now());
  }

  return {
    getQuote: build,
    async getSwap(given) {
      const { request, amountIn, slippageBps } = given;
      const quote = isBuilt(given, clock.now()) ? given : await build({ ...request, amountIn, slippageBps });
      const built = BuildAnswer.parse(quote.answer);
      return {
        quote,
        instructions: [
          ...built.setupInstructions,
          built.swapInstruction,
          ...(built.cleanupInstruction ? [built.cleanupInstruction] : []),
          ...built.otherInstructions,
        ],
        lookupTables: Object.keys(built.addressesByLookupTableAddress ?? {}),
        simulationError: null,
      };
    },
  };
}

/** Whether the instructions that came with the quote are still those it stands for. */
const isBuilt = ({ request, amountIn, slippageBps, takenAt }: Quote, now: Date): boolean =>
  amountIn === request.amountIn &&
  slippageBps === request.slippageBps &&
  now.getTime() - takenAt.getTime() < BUILD_LIFE_MS;

function queryOf({ inputMint, outputMint, amountIn, slippageBps, wallet, maxAccounts, without }: QuoteRequest) {
  return new URLSearchParams({
    inputMint,
    outputMint,
    amount: amountIn.toString(),
    taker: wallet,
    slippageBps: String(slippageBps),
    // SOL stays wrapped, so that lamports are fees and rent only.
    wrapAndUnwrapSol: "false",
    ...(maxAccounts !== null && { maxAccounts: String(maxAccounts) }),
    ...(without.length > 0 && { excludeDexes: without.join(",") }),
  });
}
