/**
 * Jupiter Swap v1 through `@jup-ag/api`: quotes, and the instructions of a swap. It never signs and never sends.
 *
 * The client library's traps and how they are met: its factory ignores a base path, so the API class is made directly;
 * it has no time-out, so every call carries a deadline; it drops unknown fields, so the raw body is parsed here and
 * the quote goes back whole; its `amount` is typed as a number but sent as it prints, so a bigint goes through exactly.
 */
import { Configuration, type QuoteResponse, SwapApi } from "@jup-ag/api";
import type { Clock } from "../clock.ts";
import type { Mint } from "../market/mint.ts";
import { type Amount, amount } from "../money/amount.ts";
import { type Bps, less } from "../money/bps.ts";
import type { InstructionData } from "../solana/transaction.ts";
import { type Asked, jupiterError, refusalOf } from "./errors.ts";
import { InstructionsAnswer, QuoteAnswer, Refusal } from "./schema.ts";

/** What Jupiter would give now; has an age. */
export interface Quote {
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amountIn: Amount;
  readonly amountOut: Amount;
  /** What the chain will enforce: `amountOut` less the slippage. */
  readonly minimumOut: Amount;
  readonly slippageBps: Bps;
  /** A ratio: 0.01 is one percent. */
  readonly priceImpact: number;
  readonly takenAt: Date;
  /** The answer as it came: it goes back exactly so. */
  readonly answer: QuoteAnswer;
}

export interface QuoteRequest {
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amountIn: Amount;
  readonly slippageBps: Bps;
  /** For the words of a refusal. */
  readonly asked: Asked;
}

export interface SwapInstructions {
  readonly instructions: readonly InstructionData[];
  readonly lookupTables: readonly string[];
}

export interface JupiterConfig {
  /** Such as `https://api.jup.ag`. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** One call. Quotes take less than half a second at the 95th percentile; a stop cannot wait for the rest. */
const DEADLINE_MS = 3_000;

/**
 * The quote with another slippage: the minimum on chain comes from `outAmount` and `slippageBps` of the quote that is sent
 * back (`otherAmountThreshold` is informational).
 */
export function withSlippage(quote: Quote, slippageBps: Bps): Quote {
  const minimumOut = amount(less(quote.amountOut, slippageBps));
  const answer = { ...quote.answer, slippageBps, otherAmountThreshold: minimumOut.toString() };
  return { ...quote, slippageBps, minimumOut, answer };
}

export class JupiterApi {
  readonly #api: SwapApi;
  readonly #clock: Clock;

  constructor(config: JupiterConfig, clock: Clock) {
    this.#clock = clock;
    this.#api = new SwapApi(
      new Configuration({ basePath: `${config.baseUrl}/swap/v1`, headers: { "x-api-key": config.apiKey } }),
    );
  }

  /**
   * What `amountIn` of the input would give now.
   *
   * @throws EngineError INSUFFICIENT_LIQUIDITY when there is no route; NETWORK_ERROR when Jupiter does not answer or makes no sense.
   */
  async getQuote(request: QuoteRequest): Promise<Quote> {
    const { inputMint, outputMint, amountIn, slippageBps, asked } = request;
    const answer = await this.#ask(asked, QuoteAnswer, (options) =>
      this.#api.quoteGetRaw(
        {
          inputMint,
          outputMint,
          amount: amountIn as unknown as number,
          slippageBps,
          swapMode: "ExactIn",
          restrictIntermediateTokens: true,
        },
        options,
      ),
    );
    const quoted = { in: amount(BigInt(answer.inAmount)), out: amount(BigInt(answer.outAmount)) };
    if (answer.inputMint !== inputMint || answer.outputMint !== outputMint || quoted.in !== amountIn) {
      throw await jupiterError(new TypeError("the quote is for another swap than the one asked for"), asked);
    }
    return {
      inputMint,
      outputMint,
      amountIn,
      amountOut: quoted.out,
      minimumOut: amount(less(quoted.out, slippageBps)),
      slippageBps,
      priceImpact: Math.abs(Number(answer.priceImpactPct)),
      takenAt: this.#clock.now(),
      answer,
    };
  }

  /**
   * The instructions that carry out a quote for `wallet`. SOL stays wrapped, so that lamports are fees and rent only.
   *
   * @throws EngineError as `getQuote` does.
   */
  async getSwapInstructions(quote: Quote, wallet: string, asked: Asked): Promise<SwapInstructions> {
    const answer = await this.#ask(asked, InstructionsAnswer, (options) =>
      this.#api.swapInstructionsPostRaw(
        {
          swapRequest: {
            userPublicKey: wallet,
            quoteResponse: quote.answer as unknown as QuoteResponse,
            wrapAndUnwrapSol: false,
            dynamicComputeUnitLimit: true,
          },
        },
        // The library would drop what it does not know from the quote on its way back.
        async ({ init }) => {
          const body = { ...(init.body as object), quoteResponse: quote.answer };
          return { ...options, body: body as unknown as string };
        },
      ),
    );
    return {
      instructions: [
        ...answer.computeBudgetInstructions,
        ...answer.otherInstructions,
        ...answer.setupInstructions,
        answer.swapInstruction,
        ...(answer.cleanupInstruction ? [answer.cleanupInstruction] : []),
      ],
      lookupTables: answer.addressLookupTableAddresses,
    };
  }

  async #ask<Answer>(
    asked: Asked,
    schema: { parse(json: unknown): Answer },
    send: (options: RequestInit) => Promise<{ raw: Response }>,
  ): Promise<Answer> {
    try {
      const { raw } = await send({ signal: this.#clock.deadline(DEADLINE_MS) });
      const json: unknown = await raw.json();
      // Refusals have been seen under a status of 200.
      if (Refusal.safeParse(json).success) throw refusalOf(raw.status, JSON.stringify(json), asked);
      return schema.parse(json);
    } catch (error) {
      throw await jupiterError(error, asked);
    }
  }
}
