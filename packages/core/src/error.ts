/**
 * What the engine refuses, and how a caller reads it.
 *
 * Codes are API: never renamed, never reused. Each carries its numbers in a typed context. Expected outcomes inside the
 * engine are union members, not errors; an `EngineError` is what a caller is told.
 */

/** The numbers of each refusal, as the problem document shows them. */
export interface ErrorContexts {
  INSUFFICIENT_LIQUIDITY: { symbol: string; size: string };
  PRICE_IMPACT_TOO_HIGH: { priceImpact: string; maxPriceImpact: string };
  TRANSACTION_FAILED: { tradeId: string; error: string };
  NETWORK_ERROR: { upstream: string; outcome: "known" | "unknown" };
  RATE_LIMITED: { upstream: string; retryAfterSeconds: string };
  INVALID_POSITION_SIZE: { size: string; minPositionSize: string; maxPositionSize: string };
  INVALID_STOP_LEVEL: { stopPrice: string; currentPrice: string; minDistance: string; maxDistance: string };
  POSITION_NOT_FOUND: { positionId: string };
  UPDATE_CONFLICT: { positionId: string; positionStatus: string; version?: string; currentVersion?: string };
  INSUFFICIENT_FUNDS: { asset: string; required: string; available: string };
  MAX_POSITIONS_REACHED: { symbol: string; maxPositionsPerSymbol: string };
  RISK_LIMIT_EXCEEDED: { limit: string; used: string; asked: string };
  UNSAFE_TRANSACTION: { attemptId: string; rule: string };
  TRADE_NOT_FOUND: { tradeId: string };
  MARKET_NOT_FOUND: { symbol: string; markets: readonly string[] };
  MARKET_FROZEN: { symbol: string; mint: string };
  IDEMPOTENCY_KEY_REUSED: { tradeId: string };
  PRICE_UNAVAILABLE: { symbol: string };
  INVALID_REQUEST: { errors?: readonly { path: string; message: string }[] };
  UNAUTHORIZED: object;
}

export type ErrorCode = keyof ErrorContexts;

/** HTTP status and title of each code (RFC 9457). */
export const ERRORS = {
  INSUFFICIENT_LIQUIDITY: { status: 422, title: "No route for this size" },
  PRICE_IMPACT_TOO_HIGH: { status: 422, title: "The price impact is above the limit" },
  TRANSACTION_FAILED: { status: 502, title: "The transaction failed" },
  NETWORK_ERROR: { status: 503, title: "An upstream service could not be reached" },
  RATE_LIMITED: { status: 429, title: "Too many requests" },
  INVALID_POSITION_SIZE: { status: 422, title: "The size is outside the limits" },
  INVALID_STOP_LEVEL: { status: 422, title: "The stop level is not allowed" },
  POSITION_NOT_FOUND: { status: 404, title: "No such position" },
  UPDATE_CONFLICT: { status: 409, title: "The version has moved" },
  INSUFFICIENT_FUNDS: { status: 422, title: "The wallet holds too little" },
  MAX_POSITIONS_REACHED: { status: 422, title: "All seats of this market are taken" },
  RISK_LIMIT_EXCEEDED: { status: 422, title: "A limit of the account is reached" },
  UNSAFE_TRANSACTION: { status: 422, title: "The transaction was not signed" },
  TRADE_NOT_FOUND: { status: 404, title: "No such trade" },
  MARKET_NOT_FOUND: { status: 404, title: "No such market" },
  MARKET_FROZEN: { status: 422, title: "The market is frozen" },
  IDEMPOTENCY_KEY_REUSED: { status: 409, title: "The idempotency key belongs to another request" },
  PRICE_UNAVAILABLE: { status: 503, title: "No trusted price" },
  INVALID_REQUEST: { status: 400, title: "The request is not valid" },
  UNAUTHORIZED: { status: 401, title: "A valid key is required" },
} as const satisfies Record<ErrorCode, { status: number; title: string }>;

export class EngineError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly context: ErrorContexts[Code];

  /** `detail` is the sentence for people; the rest of the context are its numbers. */
  constructor(code: Code, context: ErrorContexts[Code] & { readonly detail: string }, options?: ErrorOptions) {
    const { detail, ...numbers } = context;
    super(detail, options);
    this.name = "EngineError";
    this.code = code;
    this.context = numbers as unknown as ErrorContexts[Code];
  }
}

export const isEngineError = <Code extends ErrorCode>(error: unknown, code?: Code): error is EngineError<Code> =>
  error instanceof EngineError && (code === undefined || error.code === code);
