/**
 * Making and sending the next attempt of a trade: quote, build, record, sign, record, send.
 *
 * Invariants:
 * - the draft is committed before it is signed, the signature before a byte goes out, and what goes out is what the row holds;
 * - a message that will find out what became of the attempt is queued before the attempt is signed;
 * - another attempt is made only when the last one is dead;
 * - no outcome here is final: whoever is stopped at any line is followed by a message that starts again from the rows.
 */
import type { Clock } from "../clock.ts";
import { EngineError, isEngineError } from "../error.ts";
import type { WakeRelay } from "../event/wake.ts";
import { type JupiterApi, type Quote, withSlippage } from "../jupiter/client.ts";
import type { Asked } from "../jupiter/errors.ts";
import type { Log } from "../log.ts";
import type { Amount } from "../money/amount.ts";
import { type Bps, fractionOf } from "../money/bps.ts";
import type { Queues } from "../queue/queue.ts";
import type { Rpc } from "../solana/rpc.ts";
import type { SignAnswer, Signing } from "../solana/signer.ts";
import { assemble, buildMessage } from "../solana/transaction.ts";
import type { AttemptStore } from "./attempt.store.ts";
import { type Attempt, attemptIdOf } from "./attempt.ts";
import { tradeExecuted, tradeFailed } from "./events.ts";
import { DRAFT_LIFE_MS, ENTRY_LIFE_MS, mayTryAgain, slippageOf, slippageWithin } from "./policy.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";
import type { TradeFailure } from "./trade.ts";

export interface SendDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly trades: TradeStore;
  readonly rpc: Pick<Rpc, "send">;
  readonly wakeRelay: WakeRelay;
}

export interface SubmitDeps extends SendDeps {
  readonly attempts: AttemptStore;
  readonly jupiter: Pick<JupiterApi, "getQuote" | "getSwapInstructions">;
  readonly rpc: Pick<Rpc, "latestBlockhash" | "lookupTables" | "send">;
  readonly signing: Signing;
  readonly queues: Queues;
  /** An entry is refused above it. */
  readonly maxPriceImpactBps: Bps;
}

/** The first look at what became of an attempt: about when a block that holds it is confirmed. */
const CONFIRM_AFTER_SECONDS = 1;

/** A quote taken for a preview may serve the first attempt while it is this young. */
const QUOTE_LIFE_MS = 3_000;

/** What there is to do for the trade now. */
export type Submission =
  /** Its bytes are out: find out what became of them. */
  | "sent"
  /** Nothing: it is finished, or not there. */
  | "nothing"
  /** Not now: look again later. */
  | "later";

/**
 * Brings the trade's next attempt on its way.
 *
 * @throws EngineError of Jupiter or the RPC when no attempt could be made; nothing is out then, and the message that
 * called for it comes again.
 */
export async function submitTrade(deps: SubmitDeps, tradeId: string, preview?: Quote): Promise<Submission> {
  const record = await deps.trades.find(tradeId);
  if (!record || (record.trade.status !== "planned" && record.trade.status !== "submitted")) return "nothing";
  if (record.position.status === "closed" || record.position.status === "aborted") return "nothing";
  const last = record.attempts.at(-1);
  switch (last?.status) {
    case "live":
      await confirmLater(deps, record);
      return sendAttempt(deps, record, last);
    case "landed":
    case "final":
      return "sent";
    case "drafted":
      if (deps.clock.now().getTime() - last.draftedAt.getTime() < DRAFT_LIFE_MS) return signAttempt(deps, record, last);
      await deps.attempts.abandon(last.attemptId);
      return "later";
    case "abandoned":
    case "errored":
    case "expired":
    case undefined:
      return nextAttempt(deps, record, last, preview);
    default:
      return last satisfies never;
  }
}

async function nextAttempt(
  deps: SubmitDeps,
  record: TradeRecord,
  last: Attempt | undefined,
  preview: Quote | undefined,
): Promise<Submission> {
  const end = entryEnd(record, deps.clock.now());
  if (end) return failTrade(deps, record, end);
  const draft = await draftAttempt(deps, record, last, preview);
  if (!draft) return "later";
  return signAttempt(deps, record, draft);
}

/** Why an entry gets no further attempt; null: it does. Exits always do. */
function entryEnd({ trade, attempts, position }: TradeRecord, now: Date): TradeFailure | null {
  if (trade.kind === "exit") return null;
  const made = attempts.filter((attempt) => attempt.status !== "abandoned").length;
  const last = attempts.at(-1);
  const cause = last?.status === "errored" ? last.error : "none landed while it could";
  if (!mayTryAgain(trade.kind, made)) return { code: "TRANSACTION_FAILED", message: `${made} attempts: ${cause}` };
  if (position.status !== "opening") return { code: "TRANSACTION_FAILED", message: "its position is to be closed" };
  if (now.getTime() - trade.plannedAt.getTime() <= ENTRY_LIFE_MS) return null;
  return made > 0
    ? { code: "TRANSACTION_FAILED", message: `${made} attempts in ${ENTRY_LIFE_MS / 1000} s: ${cause}` }
    : { code: "NETWORK_ERROR", message: `it could not be sent within ${ENTRY_LIFE_MS / 1000} s` };
}

async function failTrade(
  deps: SubmitDeps,
  { trade, attempts }: TradeRecord,
  failure: TradeFailure,
  draft: Draft | null = null,
): Promise<Submission> {
  const failed = await deps.trades.fail({
    tradeId: trade.tradeId,
    attempts: draft?.number ?? attempts.length,
    draft: draft?.attemptId ?? null,
    failure,
    events: [tradeFailed(trade, failure)],
    at: deps.clock.now(),
  });
  if (!failed) return "later";
  await deps.wakeRelay();
  return "nothing";
}

type Draft = Pick<Attempt, "attemptId" | "number" | "message">;

async function draftAttempt(
  deps: SubmitDeps,
  { trade, attempts, wallet }: TradeRecord,
  last: Attempt | undefined,
  preview: Quote | undefined,
): Promise<Draft | null> {
  const number = (last?.number ?? 0) + 1;
  const tried = attempts.filter((attempt) => attempt.status !== "abandoned").length;
  const slippageBps = slippageOf(trade.kind, tried + 1);
  const asked = { symbol: trade.symbol, size: `${trade.amountIn} base units` };
  const quote =
    preview?.slippageBps === slippageBps && deps.clock.now().getTime() - preview.takenAt.getTime() < QUOTE_LIFE_MS
      ? preview
      : await deps.jupiter.getQuote({
          inputMint: trade.inputMint,
          outputMint: trade.outputMint,
          amountIn: trade.amountIn,
          slippageBps,
          asked,
        });
  if (trade.kind === "entry") checkPriceImpact(quote, deps.maxPriceImpactBps);
  const bound = boundTo(quote, trade.minimumOut, asked);
  const [swap, { blockhash, lastValidBlockHeight }] = await Promise.all([
    deps.jupiter.getSwapInstructions(bound, wallet, asked),
    deps.rpc.latestBlockhash(),
  ]);
  const lookupTables = await deps.rpc.lookupTables(swap.lookupTables);
  const attemptId = attemptIdOf(trade.tradeId, number);
  const draft = {
    attemptId,
    tradeId: trade.tradeId,
    number,
    follows: last?.attemptId ?? null,
    message: buildMessage({ wallet, blockhash, instructions: swap.instructions, lookupTables, attemptId }),
    blockhash,
    lastValidBlockHeight,
    slippageBps: bound.slippageBps,
    quotedOut: bound.amountOut,
    minimumOut: bound.minimumOut,
    draftedAt: deps.clock.now(),
  };
  return (await deps.attempts.draft(draft)) ? draft : null;
}

/** The quote with no more slippage than its caller's minimum allows. @throws EngineError INSUFFICIENT_LIQUIDITY when it is below. */
function boundTo(quote: Quote, minimumOut: Amount | null, asked: Asked): Quote {
  const slippageBps = slippageWithin(quote.slippageBps, quote.amountOut, minimumOut);
  if (slippageBps === quote.slippageBps) return quote;
  if (slippageBps !== null) return withSlippage(quote, slippageBps);
  const detail = `the best route gives ${quote.amountOut} base units: at least ${minimumOut} is asked for`;
  throw new EngineError("INSUFFICIENT_LIQUIDITY", { detail, ...asked });
}

/** Whoever drafted or signed before may have died before saying so: a message more is harmless, none would leave the attempt unseen. */
const confirmLater = (deps: SubmitDeps, { trade }: TradeRecord): Promise<void> =>
  deps.queues.send("confirm", trade.tradeId, CONFIRM_AFTER_SECONDS);

async function signAttempt(deps: SubmitDeps, record: TradeRecord, draft: Draft): Promise<Submission> {
  await confirmLater(deps, record);
  let answer: SignAnswer;
  try {
    answer = await deps.signing.sign(draft.attemptId);
  } catch (error) {
    // Whether it signed is unknown; asked again, it says what it has stored.
    deps.log.error("sign_unanswered", error, { attemptId: draft.attemptId });
    return "later";
  }
  if (answer.outcome === "signed") return sendAttempt(deps, record, { ...draft, signature: answer.signature });
  deps.log.info("attempt_refused", { attemptId: draft.attemptId, rule: answer.rule, reason: answer.reason });
  if (record.trade.kind === "entry") {
    const failure = { code: "UNSAFE_TRANSACTION", message: `${answer.rule}: ${answer.reason}` };
    return failTrade(deps, record, failure, draft);
  }
  await deps.attempts.abandon(draft.attemptId);
  return "later";
}

/** The trade is submitted, whoever submits it; then the bytes go out, whoever sent them before. */
export async function sendAttempt(
  deps: SendDeps,
  { trade }: TradeRecord,
  attempt: Pick<Draft, "attemptId" | "message"> & { readonly signature: string },
): Promise<Submission> {
  const isNews =
    trade.status === "planned" &&
    (await deps.trades.submit(attempt.attemptId, [tradeExecuted(trade, attempt)], deps.clock.now()));
  try {
    await deps.rpc.send(assemble(attempt.message, attempt.signature));
  } catch (error) {
    // Whether a node took them is unknown, which is what it is after an answer, too: they are sent again until it is known.
    if (!isEngineError(error, "NETWORK_ERROR")) throw error;
    deps.log.error("send_unanswered", error, { attemptId: attempt.attemptId });
  }
  if (isNews) await deps.wakeRelay();
  return "sent";
}

/** @throws EngineError PRICE_IMPACT_TOO_HIGH. Exits are never held up by it. */
export function checkPriceImpact(quote: Pick<Quote, "priceImpact">, maxPriceImpactBps: Bps): void {
  const max = fractionOf(maxPriceImpactBps);
  if (quote.priceImpact <= max) return;
  const [priceImpact, maxPriceImpact] = [String(quote.priceImpact), String(max)];
  const detail = `the trade would move the price by ${priceImpact}: at most ${maxPriceImpact} is allowed`;
  throw new EngineError("PRICE_IMPACT_TOO_HIGH", { detail, priceImpact, maxPriceImpact });
}
