/**
 * Making the next attempt of a trade: quote, build around our own blockhash, try it out, record.
 *
 * Invariants:
 * - what is recorded was simulated on our own node just before, does what its quote says, and fits into a packet;
 * - the least it brings comes from a quote of this attempt, never from the entry or the stop;
 * - an attempt that would fail is recorded as refused, with what failed, and never signed.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { EngineError, isEngineError } from "../error.ts";
import type { NewEvent } from "../event/event.ts";
import { type JupiterApi, type Quote, type Swap, withSlippage } from "../jupiter/client.ts";
import type { Asked } from "../jupiter/errors.ts";
import { failureOf } from "../jupiter/program-error.ts";
import type { Log } from "../log.ts";
import type { Amount } from "../money/amount.ts";
import { type Bps, fractionOf } from "../money/bps.ts";
import { UNIT_LIMIT_MAX, unitLimitOf, unitPriceOf } from "../solana/priority-fee.ts";
import type { Rpc } from "../solana/rpc.ts";
import { buildMessage, OversizedTransaction, writableAccounts } from "../solana/transaction.ts";
import { assertionsOf } from "./assertions.ts";
import type { AttemptDraft, AttemptStore } from "./attempt.store.ts";
import { attemptIdOf, type Failing, quarantinedIn, triesOf } from "./attempt.ts";
import { slippageOf, slippageWithin } from "./policy.ts";
import type { TradeRecord } from "./trade.store.ts";

export interface DraftDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<Config, "jupiter" | "exits">;
  readonly attempts: Pick<AttemptStore, "draft" | "refuse">;
  readonly jupiter: JupiterApi;
  readonly rpc: Pick<Rpc, "latestBlockhash" | "lookupTables" | "simulate" | "recentFees" | "tokens" | "lamports">;
}

export type Drafted =
  | { readonly type: "drafted"; readonly draft: AttemptDraft }
  /** It would fail: this is recorded, and another one may be made. */
  | { readonly type: "refused"; readonly code: string; readonly refusal: Failing }
  /** Somebody else has made it, or it is not wanted any more. */
  | { readonly type: "lost" };

/** @throws EngineError when a quote is not to be traded at. */
export type Judge = (quote: Quote) => void;

/** A quote taken for a preview, or while something else was asked, serves this long. */
const QUOTE_LIFE_MS = 3_000;

/** After this the price it was judged by is gone, whatever kept it. Calls that all run into their deadlines take longer. */
const QUOTE_AGE_MAX_MS = 10_000;

/** Accounts a route may have, most first: fewer where the transaction does not fit. Below 20 hardly a route is left. */
const ROUTE_SIZES = [null, 40, 28, 20] as const;

/**
 * @param early - A quote that is there, or on its way, already.
 * @param telling - What is told of the quote that is traded at.
 * @throws EngineError of Jupiter or the RPC, or of `judge`, when no attempt could be made; nothing is recorded then.
 */
export async function makeDraft(
  deps: DraftDeps,
  record: TradeRecord,
  judge: Judge,
  early?: Quote | Promise<Quote>,
  telling: (quote: Quote) => readonly NewEvent[] = () => [],
): Promise<Drafted> {
  const { trade, attempts } = record;
  const last = attempts.at(-1);
  const number = (last?.number ?? 0) + 1;
  const { swap, message, blockhash, lastValidBlockHeight, error, logs } = await builtFor(
    deps,
    record,
    number,
    judge,
    early,
  );
  const draft: AttemptDraft = {
    attemptId: attemptIdOf(trade.tradeId, number),
    tradeId: trade.tradeId,
    number,
    follows: last?.attemptId ?? null,
    message,
    blockhash,
    lastValidBlockHeight,
    slippageBps: swap.quote.slippageBps,
    quotedOut: swap.quote.amountOut,
    minimumOut: swap.quote.minimumOut,
    route: swap.quote.route,
    draftedAt: deps.clock.now(),
  };
  if (error !== null) {
    const { kind, code, message: told } = failureOf(error, logs);
    const refusal = { error: told, cause: kind };
    return (await deps.attempts.refuse(draft, refusal)) ? { type: "refused", code, refusal } : { type: "lost" };
  }
  return (await deps.attempts.draft(draft, telling(swap.quote))) ? { type: "drafted", draft } : { type: "lost" };
}

/** What the trade would bring now, with the slippage of its next attempt. */
export function quoteFor(
  { jupiter, clock }: Pick<DraftDeps, "jupiter" | "clock">,
  { trade, attempts, wallet }: TradeRecord,
  maxAccounts: number | null = null,
): Promise<Quote> {
  return jupiter.getQuote({
    inputMint: trade.inputMint,
    outputMint: trade.outputMint,
    amountIn: trade.amountIn,
    slippageBps: nextSlippage({ trade, attempts }),
    wallet,
    priority: trade.kind,
    maxAccounts,
    without: quarantinedIn(attempts, clock.now()),
    asked: askedOf(trade),
  });
}

export const nextSlippage = ({ trade, attempts }: Pick<TradeRecord, "trade" | "attempts">): Bps =>
  slippageOf(trade.kind, triesOf(trade.triesBefore, attempts) + 1);

const askedOf = ({ symbol, amountIn }: TradeRecord["trade"]): Asked => ({ symbol, size: `${amountIn} base units` });

interface Built {
  readonly swap: Swap;
  readonly message: string;
  readonly blockhash: string;
  readonly lastValidBlockHeight: bigint;
  /** Of the simulation. */
  readonly error: string | null;
  readonly logs: readonly string[];
}

/** The transaction of the best route that fits into a packet. */
async function builtFor(
  deps: DraftDeps,
  record: TradeRecord,
  number: number,
  judge: Judge,
  early: Quote | Promise<Quote> | undefined,
): Promise<Built> {
  let oversized: OversizedTransaction | undefined;
  for (const maxAccounts of ROUTE_SIZES) {
    const taken = maxAccounts === null ? await early : undefined;
    const quote = taken && isFresh(deps, record, taken) ? taken : await quoteFor(deps, record, maxAccounts);
    judge(quote);
    const swap = await deps.jupiter.getSwap(boundTo(quote, record.trade.minimumOut, askedOf(record.trade)));
    judge(swap.quote);
    checkMinimum(swap.quote, record.trade.minimumOut, askedOf(record.trade));
    if (swap.simulationError !== null) deps.log.info("swap_doubted", { reason: swap.simulationError });
    try {
      return await build(deps, record, number, swap);
    } catch (error) {
      if (!(error instanceof OversizedTransaction)) throw error;
      oversized = error;
      deps.log.info("route_oversized", { tradeId: record.trade.tradeId, bytes: error.bytes, maxAccounts });
    }
  }
  const detail = `no route of ${record.trade.symbol} fits into a transaction: the smallest has ${oversized?.bytes} bytes`;
  throw new EngineError("INSUFFICIENT_LIQUIDITY", { detail, ...askedOf(record.trade) }, { cause: oversized });
}

const isFresh = ({ clock }: DraftDeps, record: TradeRecord, quote: Quote): boolean =>
  quote.slippageBps === nextSlippage(record) && clock.now().getTime() - quote.takenAt.getTime() < QUOTE_LIFE_MS;

async function build(
  deps: DraftDeps,
  { trade, attempts, wallet }: TradeRecord,
  number: number,
  swap: Swap,
): Promise<Built> {
  const [{ blockhash, lastValidBlockHeight }, lookupTables] = await Promise.all([
    deps.rpc.latestBlockhash(),
    deps.rpc.lookupTables(swap.lookupTables),
  ]);
  const attemptId = attemptIdOf(trade.tradeId, number);
  const asserted =
    deps.config.jupiter.assertions === "lighthouse"
      ? await assertionsOf(deps.rpc, { trade, wallet }, swap.quote.minimumOut, swap.instructions)
      : [];
  const messageWith = (unitLimit: number, unitPriceMicroLamports: bigint) =>
    buildMessage({
      wallet,
      blockhash,
      instructions: [...swap.instructions, ...asserted],
      lookupTables,
      attemptId,
      computeBudget: { unitLimit, unitPriceMicroLamports },
    });
  const trial = messageWith(UNIT_LIMIT_MAX, 0n);
  const [{ error, logs, unitsConsumed }, fees] = await Promise.all([
    deps.rpc.simulate(trial),
    recentFees(deps, writableAccounts(trial, lookupTables)),
  ]);
  const unitLimit = unitLimitOf(unitsConsumed);
  const unitPrice = unitPriceOf(trade.kind, fees, unitLimit, triesOf(trade.triesBefore, attempts));
  const age = deps.clock.now().getTime() - swap.quote.takenAt.getTime();
  if (age > QUOTE_AGE_MAX_MS) {
    const detail = `the quote was ${age} ms old when its transaction was ready: at most ${QUOTE_AGE_MAX_MS} ms`;
    throw new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome: "known" });
  }
  return { swap, message: messageWith(unitLimit, unitPrice), blockhash, lastValidBlockHeight, error, logs };
}

/** Without an answer the bid is the floor: a fee that is not known is no reason to wait. */
async function recentFees({ rpc, log }: DraftDeps, writable: readonly string[]): Promise<readonly bigint[]> {
  try {
    return await rpc.recentFees(writable);
  } catch (error) {
    if (!isEngineError(error, "NETWORK_ERROR")) throw error;
    log.error("fees_unanswered", error);
    return [];
  }
}

/** The quote with no more slippage than its caller's minimum allows. @throws EngineError INSUFFICIENT_LIQUIDITY when it is below. */
function boundTo(quote: Quote, minimumOut: Amount | null, asked: Asked): Quote {
  const slippageBps = slippageWithin(quote.slippageBps, quote.amountOut, minimumOut);
  if (slippageBps === null) throw belowMinimum(quote.amountOut, minimumOut, asked);
  return slippageBps === quote.slippageBps ? quote : withSlippage(quote, slippageBps);
}

/** What is built may carry out a newer quote than the one that was bound. */
function checkMinimum(quote: Quote, minimumOut: Amount | null, asked: Asked): void {
  if (minimumOut !== null && quote.minimumOut < minimumOut) throw belowMinimum(quote.minimumOut, minimumOut, asked);
}

function belowMinimum(out: Amount, minimumOut: Amount | null, asked: Asked): EngineError {
  const detail = `the best route gives ${out} base units: at least ${minimumOut} is asked for`;
  return new EngineError("INSUFFICIENT_LIQUIDITY", { detail, ...asked });
}

/** As many digits as anybody reads. */
const IMPACT_DIGITS = 4;

/** @throws EngineError PRICE_IMPACT_TOO_HIGH */
export function checkPriceImpact(quote: Pick<Quote, "priceImpact">, maxPriceImpactBps: Bps): void {
  const max = fractionOf(maxPriceImpactBps);
  if (quote.priceImpact <= max) return;
  const [priceImpact, maxPriceImpact] = [String(Number(quote.priceImpact.toPrecision(IMPACT_DIGITS))), String(max)];
  const detail = `the trade would move the price by ${priceImpact}: at most ${maxPriceImpact} is allowed`;
  throw new EngineError("PRICE_IMPACT_TOO_HIGH", { detail, priceImpact, maxPriceImpact });
}
