/**
 * What the engine asks of Jupiter, whichever version of its API answers: a quote, and the instructions that carry it out.
 * It never signs and never sends.
 *
 * Invariants: a quote is for the mints and the amount that were asked for, or it is none; a swap says which quote its
 * instructions carry out, and that is the one to be judged and recorded; SOL stays wrapped.
 */
import type { Mint } from "../market/mint.ts";
import { type Amount, amount } from "../money/amount.ts";
import { type Bps, less } from "../money/bps.ts";
import type { InstructionData } from "../solana/transaction.ts";
import type { TradeKind } from "../trade/trade.ts";
import type { Asked } from "./errors.ts";

export interface QuoteRequest {
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amountIn: Amount;
  readonly slippageBps: Bps;
  /** Base58: whose swap it would be (v2 builds for a wallet). */
  readonly wallet: string;
  /** Exits go first when calls are scarce. */
  readonly priority: TradeKind;
  /** At most so many accounts in the route; null: Jupiter's default. */
  readonly maxAccounts: number | null;
  /** Labels of exchanges that are not to be part of the route. */
  readonly without: readonly string[];
  /** For the words of a refusal. */
  readonly asked: Asked;
}

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
  /** The slot whose state it was computed from; null: Jupiter did not say. */
  readonly contextSlot: bigint | null;
  /** Labels of the exchanges that it goes through. */
  readonly route: readonly string[];
  readonly takenAt: Date;
  readonly request: QuoteRequest;
  /** As it came, every field of it. */
  readonly answer: Readonly<Record<string, unknown>>;
}

export interface Swap {
  /** What the instructions carry out: with v2 perhaps a newer quote than was given. */
  readonly quote: Quote;
  /** Without compute-budget instructions: those are ours. */
  readonly instructions: readonly InstructionData[];
  readonly lookupTables: readonly string[];
  /** What Jupiter's own simulation said; null: nothing is known against it. */
  readonly simulationError: string | null;
}

export interface JupiterApi {
  /**
   * What `amountIn` of the input would give now.
   *
   * @throws EngineError INSUFFICIENT_LIQUIDITY when there is no route; RATE_LIMITED when the plan's calls are used up;
   * NETWORK_ERROR when Jupiter does not answer or makes no sense.
   */
  getQuote(request: QuoteRequest): Promise<Quote>;
  /** @throws EngineError as `getQuote` does. */
  getSwap(quote: Quote): Promise<Swap>;
}

/** The quote with another slippage: the minimum on chain comes from what the quote gives and the slippage that is asked for. */
export const withSlippage = (quote: Quote, slippageBps: Bps): Quote => ({
  ...quote,
  slippageBps,
  minimumOut: amount(less(quote.amountOut, slippageBps)),
});
