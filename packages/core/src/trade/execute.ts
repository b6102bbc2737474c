/**
 * Executing a trade: the request is checked against the limits and the wallet, planned under a seat, and brought on its way.
 *
 * Invariants:
 * - the same key and the same request answer with the same trade for ever, once one exists; another request is refused;
 * - nothing is planned before it passed every check, and a message that will drive the trade is queued before it is planned;
 * - once a trade exists, its caller gets the trade, whatever fails after that.
 */
import type { Account } from "../account/account.ts";
import type { Config } from "../config.ts";
import { EngineError } from "../error.ts";
import type { Ids } from "../id.ts";
import type { JupiterApi, Quote } from "../jupiter/client.ts";
import { legs, type Market, type Side } from "../market/market.ts";
import type { Amount } from "../money/amount.ts";
import { queueReconcile } from "../reconcile/queue.ts";
import { type CheckedEntry, checkEntry, type EntryDeps, type EntryRequest, tooLittle } from "./entry.ts";
import { found, type RequestKey, sameTrade } from "./replay.ts";
import { type SubmitDeps, submitTrade } from "./submit.ts";
import type { Planned, TradeRecord } from "./trade.store.ts";

export interface TradeRequest extends EntryRequest, RequestKey {}

export interface ExecuteDeps extends SubmitDeps, EntryDeps {
  readonly ids: Ids;
  readonly config: Config;
  readonly jupiter: JupiterApi;
}

/** After this the queue takes over a trade whose function died: longer than the function may run. */
const TAKE_OVER_SECONDS = 20;

/**
 * @throws EngineError MARKET_NOT_FOUND, INVALID_POSITION_SIZE, INVALID_STOP_LEVEL, PRICE_UNAVAILABLE, INSUFFICIENT_FUNDS,
 * INSUFFICIENT_LIQUIDITY, PRICE_IMPACT_TOO_HIGH, MAX_POSITIONS_REACHED, MARKET_FROZEN, RATE_LIMITED, IDEMPOTENCY_KEY_REUSED, NETWORK_ERROR. None of
 * them after a trade exists.
 */
export async function executeTrade(deps: ExecuteDeps, account: Account, request: TradeRequest): Promise<TradeRecord> {
  const earlier = await sameTrade(deps, account, request);
  if (earlier) return earlier;

  let checked: CheckedEntry;
  try {
    checked = await checkEntry(deps, account, request);
  } catch (refusal) {
    // A twin of this request may have taken the funds that are missing: then its trade is the answer.
    const twin = await sameTrade(deps, account, request);
    if (twin) return twin;
    throw refusal;
  }
  const { market, size, quote, minimumOut, funds } = checked;

  const tradeId = deps.ids.next("trd");
  await deps.queues.send("execute", tradeId, TAKE_OVER_SECONDS);
  await queueReconcile(deps.queues, tradeId);
  const { input, output } = legs(market, request.side);
  const { maxPositionsPerSymbol } = deps.config.position;
  const planned = await deps.trades.planEntry({
    tradeId,
    accountId: account.accountId,
    symbol: market.symbol,
    side: request.side,
    size,
    inputMint: input,
    outputMint: output,
    amountIn: quote.amountIn,
    minimumOut,
    funds,
    stop: request.stop,
    idempotencyKey: request.idempotencyKey,
    requestDigest: request.requestDigest,
    maxPositionsPerSymbol,
    at: deps.clock.now(),
  });
  if (planned.outcome !== "planned") {
    // Whether it is the key, the last seat or the funds that a twin of this request has taken: its trade is the answer.
    const twin = await sameTrade(deps, account, request);
    if (twin) return twin;
    throw refusalOf(planned, market, request.side, quote.amountIn, maxPositionsPerSymbol);
  }
  await firstAttempt(deps, tradeId, quote);
  return found(deps.trades, tradeId);
}

/** The trade exists, so it is what the caller gets; what cannot be done now is done by a message. */
async function firstAttempt(deps: ExecuteDeps, tradeId: string, quote: Quote): Promise<void> {
  try {
    const submission = await submitTrade(deps, tradeId, quote);
    if (typeof submission === "object") await deps.queues.send("execute", tradeId, submission.laterSeconds);
  } catch (error) {
    deps.log.error("first_attempt_postponed", error, { tradeId });
  }
}

function refusalOf(
  planned: Exclude<Planned, { outcome: "planned" }>,
  market: Market,
  side: Side,
  amountIn: Amount,
  seats: number,
): EngineError {
  switch (planned.outcome) {
    case "frozen":
      return frozen(market, planned.mint);
    case "no_funds":
      return tooLittle(market, side, amountIn, planned.free);
    // A key that was taken a moment ago and is not there is a trade of another account's: there is none.
    case "key_taken":
    case "no_seat":
      return noSeat(market, seats);
    default:
      return planned satisfies never;
  }
}

function frozen({ symbol }: Market, mint: string): EngineError {
  const detail = `entries in ${symbol} wait: the wallet has less of ${mint} than the positions hold, and nobody knows why`;
  return new EngineError("MARKET_FROZEN", { detail, symbol, mint });
}

function noSeat({ symbol }: Market, seats: number): EngineError {
  const detail = `all ${seats} positions of ${symbol} are in use`;
  return new EngineError("MAX_POSITIONS_REACHED", { detail, symbol, maxPositionsPerSymbol: String(seats) });
}
