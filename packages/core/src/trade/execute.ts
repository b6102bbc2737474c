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
import type { Quote } from "../jupiter/client.ts";
import { legs, type Market, type Side } from "../market/market.ts";
import { type Amount, formatAmount, parseAmount } from "../money/amount.ts";
import { type AcceptedPrice, accept, mintsOf, type Observations, type PriceSource } from "../price/accepted.ts";
import type { Rpc } from "../solana/rpc.ts";
import { checkStop, type Stop } from "../stop/stop.ts";
import type { WatchStore } from "../stop/watch.store.ts";
import { slippageOf } from "./policy.ts";
import { checkPriceImpact, type SubmitDeps, submitTrade } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";

export interface TradeRequest {
  readonly symbol: string;
  readonly side: Side;
  /** Notional in the quote currency, a decimal string. */
  readonly size: string;
  readonly stop: Stop | null;
  /** Unique for ever within the account. */
  readonly idempotencyKey: string;
  /** Of the request as it came in: the same key with another one is refused. */
  readonly requestDigest: string;
}

export interface ExecuteDeps extends SubmitDeps {
  readonly ids: Ids;
  readonly config: Config;
  readonly markets: readonly Market[];
  readonly priceSource: PriceSource;
  readonly watched: Pick<WatchStore, "rememberPrices">;
  readonly balances: Pick<Rpc, "tokens" | "lamports">;
}

/** After this the queue takes over a trade whose function died: longer than the function may run. */
const TAKE_OVER_SECONDS = 20;

const SOL_DECIMALS = 9;

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
  const { market, size, quote } = checked;

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
  return found(deps, tradeId);
}

interface CheckedEntry {
  readonly market: Market;
  readonly size: Amount;
  readonly quote: Quote;
}

async function checkEntry(deps: ExecuteDeps, account: Account, request: TradeRequest): Promise<CheckedEntry> {
  const market = deps.markets.find((each) => each.symbol === request.symbol);
  if (!market) throw marketNotFound(request.symbol, deps.markets);
  const size = checkSize(request.size, market, deps.config.position);
  const priced = await currentPrice(deps, market);
  if (request.stop) checkStop(request.stop, priced.price, deps.config.stopLoss);
  await checkFunds(deps, account, market, size);
  const quote = await quoteEntry(deps, market, request.side, size, request.size);
  checkPriceImpact(quote, deps.config.jupiter.maxPriceImpactBps);
  return { market, size, quote };
}

function noSeat({ symbol }: Market, seats: number): EngineError {
  const detail = `all ${seats} positions of ${symbol} are in use`;
  return new EngineError("MAX_POSITIONS_REACHED", { detail, symbol, maxPositionsPerSymbol: String(seats) });
}

async function found(deps: ExecuteDeps, tradeId: string): Promise<TradeRecord> {
  const record = await deps.trades.find(tradeId);
  if (!record) throw new TypeError(`trade ${tradeId} was planned and is not there`);
  return record;
}

async function sameTrade(
  deps: ExecuteDeps,
  account: Account,
  { idempotencyKey, requestDigest }: TradeRequest,
): Promise<TradeRecord | null> {
  const taken = await deps.trades.findByKey(account.accountId, idempotencyKey);
  if (!taken) return null;
  if (taken.requestDigest === requestDigest) return found(deps, taken.tradeId);
  const detail = `the idempotency key was used for trade ${taken.tradeId} with another request`;
  throw new EngineError("IDEMPOTENCY_KEY_REUSED", { detail, tradeId: taken.tradeId });
}

export const marketNotFound = (symbol: string, markets: readonly Market[]): EngineError =>
  new EngineError("MARKET_NOT_FOUND", {
    detail: `there is no market ${symbol}`,
    symbol,
    markets: markets.map((market) => market.symbol),
  });

/** @throws EngineError INVALID_POSITION_SIZE with the size and both limits. */
export function checkSize(text: string, market: Market, limits: Config["position"]): Amount {
  const refuse = (why: string, cause?: unknown) => {
    const { minPositionSize, maxPositionSize } = limits;
    const detail = `a size of ${text} is ${why}: ${minPositionSize} to ${maxPositionSize} in the quote currency`;
    return new EngineError(
      "INVALID_POSITION_SIZE",
      { detail, size: text, minPositionSize, maxPositionSize },
      { cause },
    );
  };
  let size: Amount;
  try {
    size = parseAmount(text, market.quoteDecimals);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : "not a number", cause);
  }
  if (size < parseAmount(limits.minPositionSize, market.quoteDecimals)) throw refuse("too small");
  if (size > parseAmount(limits.maxPositionSize, market.quoteDecimals)) throw refuse("too large");
  return size;
}

/** The price now, told to whoever reads it next. @throws EngineError PRICE_UNAVAILABLE. */
async function currentPrice(deps: ExecuteDeps, market: Market): Promise<AcceptedPrice> {
  const observations = await deps.priceSource.fetch(mintsOf(deps.markets));
  const at = deps.clock.now();
  await rememberPrices(deps, observations, at);
  const accepted = accept(market, observations, deps.priceSource.name, at);
  if (accepted) return accepted;
  const detail = `there is no trusted price of ${market.symbol}`;
  throw new EngineError("PRICE_UNAVAILABLE", { detail, symbol: market.symbol });
}

/** For whoever reads them next; that nobody can is no reason to refuse a trade. */
async function rememberPrices(deps: ExecuteDeps, observations: Observations, at: Date): Promise<void> {
  const prices = deps.markets.flatMap((each) => {
    const accepted = accept(each, observations, deps.priceSource.name, at);
    return accepted ? [[each.symbol, accepted] as const] : [];
  });
  try {
    await deps.watched.rememberPrices(new Map(prices));
  } catch (error) {
    deps.log.error("prices_not_remembered", error);
  }
}

async function checkFunds(deps: ExecuteDeps, account: Account, market: Market, size: Amount): Promise<void> {
  const [quote, lamports] = await Promise.all([
    deps.balances.tokens(account.wallet, market.quoteMint, "confirmed"),
    deps.balances.lamports(account.wallet, "confirmed"),
  ]);
  const refuse = (asset: string, required: string, available: string) => {
    const detail = `the wallet holds ${available} ${asset}: ${required} is needed`;
    return new EngineError("INSUFFICIENT_FUNDS", { detail, asset, required, available });
  };
  const { minSolBalance } = deps.config.jupiter;
  if (lamports < parseAmount(minSolBalance, SOL_DECIMALS)) {
    throw refuse("SOL", minSolBalance, formatAmount(lamports, SOL_DECIMALS));
  }
  if (quote < size) {
    const [required, available] = [size, quote].map((value) => formatAmount(value, market.quoteDecimals));
    throw refuse(market.quoteMint, required ?? "", available ?? "");
  }
}

async function quoteEntry(deps: ExecuteDeps, market: Market, side: Side, size: Amount, text: string): Promise<Quote> {
  const { input, output } = legs(market, side);
  return deps.jupiter.getQuote({
    inputMint: input,
    outputMint: output,
    amountIn: size,
    slippageBps: slippageOf("entry", 1),
    asked: { symbol: market.symbol, size: text },
  });
}
