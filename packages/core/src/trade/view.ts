/** A trade as the API shows it, with its attempts and fills: decimal strings, ISO times. */
import { legs, type Market, type Side } from "../market/market.ts";
import { formatAmount } from "../money/amount.ts";
import { fractionOf } from "../money/bps.ts";
import { type Attempt, feeOf } from "./attempt.ts";
import type { TradeRecord } from "./trade.store.ts";
import type { Trade } from "./trade.ts";

export interface AttemptView {
  readonly attemptId: string;
  readonly status: string;
  readonly signature: string | null;
  readonly slippage: string;
  readonly quotedOut: string;
  readonly minimumOut: string;
  readonly lastValidBlockHeight: string;
  readonly fill: {
    readonly amountIn: string;
    readonly amountOut: string;
    readonly tipLamports: string;
    readonly rentLamports: string;
    readonly slot: string;
  } | null;
  /** What the chain charged, also for one that failed; null while nothing has landed. */
  readonly feeLamports: string | null;
  /** Why it came to nothing; null: it has not, or nobody knows. */
  readonly error: string | null;
}

export interface TradeView {
  readonly tradeId: string;
  readonly positionId: number;
  readonly symbol: string;
  readonly kind: string;
  readonly side: string;
  readonly status: string;
  readonly inputMint: string;
  readonly outputMint: string;
  /** In units of the input token, as are the fills' `amountIn`; `amountOut` is in units of the output token. */
  readonly amountIn: string;
  readonly attempts: readonly AttemptView[];
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** What keeps it from its next attempt, and when that is tried again; null: nothing does. */
  readonly waiting: { readonly code: string; readonly message: string; readonly retryAt: string | null } | null;
  /** The exit that it is a part of; null: none. */
  readonly replaces: string | null;
  readonly plannedAt: string;
  readonly submittedAt: string | null;
  readonly confirmedAt: string | null;
  readonly finalizedAt: string | null;
}

export function tradeView({ trade, attempts }: TradeRecord, market: Market): TradeView {
  const decimals = decimalsOf(market, trade.side);
  return {
    tradeId: trade.tradeId,
    positionId: trade.positionId,
    symbol: trade.symbol,
    kind: trade.kind,
    side: trade.side,
    status: trade.status,
    inputMint: trade.inputMint,
    outputMint: trade.outputMint,
    amountIn: formatAmount(trade.amountIn, decimals.input),
    attempts: attempts.map((attempt) => attemptView(attempt, decimals)),
    failure: trade.status === "failed" ? trade.failure : null,
    waiting: waitingOf(trade),
    replaces: trade.replaces,
    plannedAt: trade.plannedAt.toISOString(),
    submittedAt: "submittedAt" in trade ? trade.submittedAt.toISOString() : null,
    confirmedAt: "confirmedAt" in trade ? trade.confirmedAt.toISOString() : null,
    finalizedAt: "finalizedAt" in trade ? trade.finalizedAt.toISOString() : null,
  };
}

function waitingOf({ status, setbacks: { last, retryAt } }: Trade): TradeView["waiting"] {
  if (last === null || (status !== "planned" && status !== "submitted")) return null;
  return { ...last, retryAt: retryAt?.toISOString() ?? null };
}

interface Decimals {
  readonly input: number;
  readonly output: number;
}

function decimalsOf(market: Market, side: Side): Decimals {
  const of = (mint: string) => (mint === market.baseMint ? market.baseDecimals : market.quoteDecimals);
  const { input, output } = legs(market, side);
  return { input: of(input), output: of(output) };
}

const attemptView = (attempt: Attempt, decimals: Decimals): AttemptView => ({
  attemptId: attempt.attemptId,
  status: attempt.status,
  signature: "signature" in attempt ? attempt.signature : null,
  slippage: String(fractionOf(attempt.slippageBps)),
  quotedOut: formatAmount(attempt.quotedOut, decimals.output),
  minimumOut: formatAmount(attempt.minimumOut, decimals.output),
  lastValidBlockHeight: attempt.lastValidBlockHeight.toString(),
  fill:
    "fill" in attempt
      ? {
          amountIn: formatAmount(attempt.fill.amountIn, decimals.input),
          amountOut: formatAmount(attempt.fill.amountOut, decimals.output),
          tipLamports: attempt.fill.tipLamports.toString(),
          rentLamports: attempt.fill.rentLamports.toString(),
          slot: attempt.fill.slot.toString(),
        }
      : null,
  feeLamports: feeOf(attempt)?.toString() ?? null,
  error:
    attempt.status === "errored"
      ? attempt.error
      : attempt.status === "abandoned"
        ? (attempt.refusal?.error ?? null)
        : null,
});
