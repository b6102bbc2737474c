/**
 * What an entry is checked against before it is planned, each refusal with its numbers: the limits, the price, the stop, the
 * wallet, the route.
 *
 * Invariant: what live positions hold, and what entries on their way will spend, is not there to be spent again: proceeds of
 * a sell are kept for buying back, and base that is held is not sold as inventory.
 */
import type { Account } from "../account/account.ts";
import type { Config } from "../config.ts";
import { EngineError } from "../error.ts";
import type { JupiterApi, Quote } from "../jupiter/client.ts";
import { legs, type Market, type Side } from "../market/market.ts";
import type { Mint } from "../market/mint.ts";
import { type Amount, amount, formatAmount, parseAmount } from "../money/amount.ts";
import { formatPrice, type Price } from "../money/price.ts";
import type { PositionStore } from "../position/position.store.ts";
import { type CurrentPriceDeps, currentPrice } from "../price/current.ts";
import type { Rpc } from "../solana/rpc.ts";
import { checkStop, type Stop } from "../stop/stop.ts";
import { checkPriceImpact } from "./draft.ts";
import { slippageOf } from "./policy.ts";

export interface EntryRequest {
  readonly symbol: string;
  readonly side: Side;
  /** Notional in the quote currency, a decimal string. */
  readonly size: string;
  readonly stop: Stop | null;
  /** The worst price that is accepted; null: what the market gives, within the slippage. */
  readonly worstPrice: Price | null;
}

export interface CheckedEntry {
  readonly market: Market;
  readonly size: Amount;
  readonly quote: Quote;
  /** The least that is accepted for `quote.amountIn`; null: the slippage alone decides. */
  readonly minimumOut: Amount | null;
  readonly funds: SeenFunds;
}

/** What the wallet had of the mint that an entry spends, and when it was asked. */
export interface SeenFunds {
  readonly balance: Amount;
  readonly at: Date;
}

export interface EntryDeps extends CurrentPriceDeps {
  readonly config: Config;
  readonly jupiter: Pick<JupiterApi, "getQuote">;
  readonly balances: Pick<Rpc, "tokens" | "lamports">;
  readonly positions: Pick<PositionStore, "committed">;
}

const SOL_DECIMALS = 9;

/**
 * @throws EngineError MARKET_NOT_FOUND, INVALID_POSITION_SIZE, PRICE_UNAVAILABLE, INVALID_STOP_LEVEL, INSUFFICIENT_FUNDS,
 * INSUFFICIENT_LIQUIDITY, PRICE_IMPACT_TOO_HIGH, NETWORK_ERROR.
 */
export async function checkEntry(deps: EntryDeps, account: Account, request: EntryRequest): Promise<CheckedEntry> {
  const { symbol, side, stop } = request;
  const market = deps.markets.find((each) => each.symbol === symbol);
  if (!market) throw marketNotFound(symbol, deps.markets);
  const size = checkSize(request.size, market, deps.config.position);
  const { price } = await currentPrice(deps, market);
  if (stop) checkStop(stop, side, price, deps.config.stopLoss);
  const ask = quoting(deps, account, market, request.size);
  // Selling sells the base that the size is worth, as the market would sell it.
  const amountIn = side === "buy" ? size : (await ask("buy", size)).amountOut;
  const funds = await checkFunds(deps, account, market, side, amountIn);
  const quote = await ask(side, amountIn);
  checkPriceImpact(quote, deps.config.jupiter.maxPriceImpactBps);
  const minimumOut = request.worstPrice === null ? null : checkWorstPrice(quote, side, request.worstPrice, market);
  return { market, size, quote, minimumOut, funds };
}

const quoting =
  ({ jupiter }: EntryDeps, { wallet }: Account, market: Market, size: string) =>
  (side: Side, amountIn: Amount): Promise<Quote> => {
    const { input, output } = legs(market, side);
    const asked = { symbol: market.symbol, size };
    return jupiter.getQuote({
      inputMint: input,
      outputMint: output,
      amountIn,
      slippageBps: slippageOf("entry", 1),
      wallet,
      priority: "entry",
      maxAccounts: null,
      without: [],
      asked,
    });
  };

const marketNotFound = (symbol: string, markets: readonly Market[]): EngineError =>
  new EngineError("MARKET_NOT_FOUND", {
    detail: `there is no market ${symbol}`,
    symbol,
    markets: markets.map((market) => market.symbol),
  });

/** @throws EngineError INVALID_POSITION_SIZE with the size and both limits. */
function checkSize(text: string, market: Market, limits: Config["position"]): Amount {
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

async function checkFunds(
  deps: EntryDeps,
  { accountId, wallet }: Account,
  market: Market,
  side: Side,
  amountIn: Amount,
): Promise<SeenFunds> {
  const { input } = legs(market, side);
  const at = deps.clock.now();
  const [lamports, committed] = await Promise.all([
    deps.balances.lamports(wallet, "confirmed"),
    deps.positions.committed(accountId, input, at),
  ]);
  const { minSolBalance } = deps.config.jupiter;
  if (lamports < parseAmount(minSolBalance, SOL_DECIMALS)) {
    throw insufficient("SOL", minSolBalance, formatAmount(lamports, SOL_DECIMALS), "for fees and rent");
  }
  // Of a node that has seen all that is booked: one behind would show what is spent already.
  const balance = await deps.balances.tokens(wallet, input, "confirmed", committed.lastFillSlot ?? undefined);
  const free = balance - committed.amount;
  if (free < amountIn) throw tooLittle(market, side, amountIn, free);
  return { balance, at };
}

/** Of what an entry of `side` spends, `free` is there besides what is held or reserved. */
export function tooLittle(market: Market, side: Side, amountIn: Amount, free: bigint): EngineError {
  const { input } = legs(market, side);
  const text = (value: bigint) => formatAmount(value < 0n ? 0n : value, decimalsOf(market, input));
  const [base = "", quote = ""] = market.symbol.split("/");
  const asset = side === "buy" ? quote : base;
  return insufficient(asset, text(amountIn), text(free), "besides what open positions hold");
}

const insufficient = (asset: string, required: string, available: string, why: string): EngineError =>
  new EngineError("INSUFFICIENT_FUNDS", {
    detail: `the wallet has ${available} ${asset} ${why}: ${required} is needed`,
    asset,
    required,
    available,
  });

const decimalsOf = (market: Market, mint: Mint): number =>
  mint === market.baseMint ? market.baseDecimals : market.quoteDecimals;

/** The least out that keeps the worst price. @throws EngineError INSUFFICIENT_LIQUIDITY when the quote is worse already. */
function checkWorstPrice(quote: Quote, side: Side, worstPrice: Price, market: Market): Amount {
  const scale = 10 ** (market.quoteDecimals - market.baseDecimals);
  const worth = Number(quote.amountIn) * (side === "buy" ? 1 / (worstPrice * scale) : worstPrice * scale);
  if (Number(quote.amountOut) >= worth) return amount(BigInt(Math.ceil(worth)));
  const detail = `no route of ${market.symbol} gives ${formatPrice(worstPrice)} or better now`;
  throw new EngineError("INSUFFICIENT_LIQUIDITY", { detail, symbol: market.symbol, size: quote.amountIn.toString() });
}
