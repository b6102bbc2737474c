/**
 * Executing a trade: the request is checked against the limits and the wallet, planned under a seat, and brought on its way.
 *
 * Invariants:
 * - the same key and the same request answer with the same trade for ever, once one exists; another request is refused;
 * - nothing is planned before it passed every check, and a message that will drive the trade is queued before it is planned;
 * - once a trade exists, its caller gets the trade, whatever fails after that.
 */
import type { Account } from "../account/account.ts";
import { EngineError } from "../error.ts";
import type { Ids } from "../id.ts";
import { legs, type Market } from "../market/market.ts";
import { type CheckedEntry, checkEntry, type EntryDeps, type EntryRequest } from "./entry.ts";
import { found, type RequestKey, sameTrade } from "./replay.ts";
import { type SubmitDeps, submitTrade } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";

export interface TradeRequest extends EntryRequest, RequestKey {}

export interface ExecuteDeps extends SubmitDeps, EntryDeps {
  readonly ids: Ids;
  readonly jupiter: SubmitDeps["jupiter"];
}

/** After this the queue takes over a trade whose function died: longer than the function may run. */
const TAKE_OVER_SECONDS = 20;

/**
 * @throws EngineError MARKET_NOT_FOUND, INVALID_POSITION_SIZE, INVALID_STOP_LEVEL, PRICE_UNAVAILABLE, INSUFFICIENT_FUNDS,
 * INSUFFICIENT_LIQUIDITY, PRICE_IMPACT_TOO_HIGH, MAX_POSITIONS_REACHED, IDEMPOTENCY_KEY_REUSED, NETWORK_ERROR. None of
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
  const { market, size, quote, minimumOut } = checked;

  const tradeId = deps.ids.next("trd");
  await deps.queues.send("execute", tradeId, TAKE_OVER_SECONDS);
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
    stop: request.stop,
    idempotencyKey: request.idempotencyKey,
    requestDigest: request.requestDigest,
    maxPositionsPerSymbol,
    at: deps.clock.now(),
  });
  if (planned !== "planned") {
    // Whether it is the key or the last seat that a twin of this request has taken: its trade is the answer.
    const twin = await sameTrade(deps, account, request);
    if (twin) return twin;
    throw noSeat(market, maxPositionsPerSymbol);
  }
  try {
    await submitTrade(deps, tradeId, quote);
  } catch (error) {
    // The trade exists, so it is what the caller gets; the queued message makes its attempt.
    deps.log.error("first_attempt_postponed", error, { tradeId });
  }
  return found(deps.trades, tradeId);
}

function noSeat({ symbol }: Market, seats: number): EngineError {
  const detail = `all ${seats} positions of ${symbol} are in use`;
  return new EngineError("MAX_POSITIONS_REACHED", { detail, symbol, maxPositionsPerSymbol: String(seats) });
}
