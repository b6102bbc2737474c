/**
 * What was booked from `confirmed`, and is not there any more, or stands elsewhere.
 *
 * Invariants:
 * - one node's silence takes nothing back that it still shows when it is asked for it, and what is taken back may land again;
 * - an entry that exits have taken from, or may have, is in doubt instead: it stays booked, nothing more leaves its position, and
 *   its bytes are sent again, until it is there again or proven not to have happened;
 * - what was taken beyond what it brought is off the position when nothing of it and its exits can change any more, and a
 *   person is told.
 */
import { alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import { failureOf } from "../jupiter/program-error.ts";
import { marketOf } from "../market/market.ts";
import { type Amount, amount } from "../money/amount.ts";
import { book, gone, NO_FILLS, type Position, shareOf, type Totals, unbook } from "../position/position.ts";
import { fillOf } from "../solana/fill.ts";
import type { Commitment, Rpc } from "../solana/rpc.ts";
import type { Attempt, Fill, OnChainError } from "./attempt.ts";
import { positionUpdated, tradeConfirmed, tradeFailed } from "./events.ts";
import { feeInQuote } from "./fee.ts";
import type { Correction } from "./fill.store.ts";
import type { Flying, SettleDeps } from "./settle.ts";
import { sendAttempt } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";
import type { Trade, TradeFailure, TradeKind } from "./trade.ts";

export interface ForkDeps extends SettleDeps {
  readonly rpc: SettleDeps["rpc"] & Pick<Rpc, "isKnownElsewhere">;
}

type Landed = Extract<Attempt, { status: "landed" }>;

/** The chain keeps the swap, in another block, perhaps with other amounts: they are booked instead. */
export async function move(deps: ForkDeps, record: TradeRecord, attempt: Flying): Promise<void> {
  if (attempt.status !== "landed") return;
  const { trade, position } = record;
  const moved = await movedTo(deps, record, attempt, "confirmed");
  if (!moved) return;
  const totals = withMoved(position.totals, trade.kind, attempt, moved);
  if (trade.kind === "entry" && gone(position.totals) > totals.entryOut) return moveUnder(deps, record, attempt);
  const events = [tradeConfirmed(trade, attempt, moved.fill), positionUpdated(position, totals, position.status)];
  const correction: Correction = { position, exits: null, events, at: deps.clock.now() };
  if (await deps.fills.move(attempt.attemptId, moved.fill, moved.feeQuote, correction))
    deps.log.info("fill_moved", { attemptId: attempt.attemptId, slot: String(moved.fill.slot) });
}

/** An entry brought less than has left it. Until it is final it may yet bring something else, and nothing more leaves. */
async function moveUnder(deps: ForkDeps, record: TradeRecord, attempt: Landed): Promise<void> {
  const { trade, position } = record;
  await doubt(deps, record, attempt);
  const moved = await movedTo(deps, record, attempt, "finalized");
  if (!moved) return;
  const entered = withMoved(position.totals, "entry", attempt, moved);
  const { exitIn, exitOut, missing, dust } = entered;
  const exits = shareOf({ amountIn: exitIn, amountOut: exitOut }, amount(entered.entryOut - missing - dust));
  const totals = { ...entered, exitIn: exits.amountIn, exitOut: exits.amountOut };
  const told = `it landed in another block and brought ${totals.entryOut} base units, of which exits had taken ${exitIn}`;
  const events = [
    tradeConfirmed(trade, attempt, moved.fill),
    positionUpdated(position, totals, position.status),
    alarmRaised(trade, "EXIT_WITHOUT_ENTRY", told),
  ];
  const correction: Correction = { position, exits, events, at: deps.clock.now() };
  if (await deps.fills.move(attempt.attemptId, moved.fill, moved.feeQuote, correction))
    deps.log.info("fill_moved_under", { attemptId: attempt.attemptId, entryOut: String(totals.entryOut) });
}

interface Moved {
  readonly fill: Fill;
  readonly feeQuote: Amount | null;
}

/** Null: the node does not show it. */
async function movedTo(
  deps: ForkDeps,
  { trade, wallet }: TradeRecord,
  { signature }: Landed,
  commitment: Commitment,
): Promise<Moved | null> {
  const transaction = await deps.rpc.transaction(signature, commitment);
  if (!transaction || transaction.error !== null) return null;
  const fill = fillOf(transaction, wallet, trade.inputMint, trade.outputMint);
  const feeQuote = await feeInQuote(deps, marketOf(deps.markets, trade.symbol), fill.feeLamports + fill.tipLamports);
  return { fill, feeQuote };
}

const withMoved = (totals: Totals, kind: TradeKind, booked: Landed, { fill, feeQuote }: Moved): Totals =>
  book(unbook(totals, kind, booked.fill), kind, fill, feeQuote);

/** The chain has lost the swap: what it moved is taken back, and it may land again. */
export async function fork(deps: ForkDeps, record: TradeRecord, attempt: Flying): Promise<void> {
  if (attempt.status !== "landed" || (await isThere(deps, attempt))) return;
  if (await takeBack(deps, record, attempt)) return;
  if (record.trade.kind !== "entry") return;
  await doubt(deps, record, attempt);
  await sendAttempt(deps, record, attempt);
}

/**
 * The chain has lost the swap for good. Taken back, it is found dead as any other; an entry that cannot be taken back ends here,
 * once its exits have. `errored`: it landed with an error instead. True: it is settled.
 */
export async function lose(deps: ForkDeps, record: TradeRecord, attempt: Flying, errored: boolean): Promise<boolean> {
  if (attempt.status !== "landed" || (await isThere(deps, attempt))) return false;
  if ((await takeBack(deps, record, attempt)) || record.trade.kind !== "entry") return false;
  await doubt(deps, record, attempt);
  if (errored) {
    const error = await errorOf(deps, attempt);
    return error !== null && bookLoss(deps, record, attempt, error);
  }
  return !(await deps.rpc.isKnownElsewhere(attempt.signature)) && bookLoss(deps, record, attempt, null);
}

/** Its end is booked with that of its position. False: something of its exits is not over yet. */
async function bookLoss(
  deps: ForkDeps,
  { trade, position }: TradeRecord,
  attempt: Landed,
  error: OnChainError | null,
): Promise<boolean> {
  const feeQuote = error && (await feeInQuote(deps, marketOf(deps.markets, trade.symbol), error.feeLamports));
  const why = error === null ? "cannot land any more" : `landed with an error instead: ${error.error}`;
  const failure = { code: "TRANSACTION_FAILED", message: `its block was forked away, and it ${why}` };
  const lost = await deps.fills.lose({
    attemptId: attempt.attemptId,
    position,
    error,
    feeQuote,
    failure,
    events: lossTold(trade, position, failure),
    at: deps.clock.now(),
  });
  if (lost) deps.log.info("entry_lost", { attemptId: attempt.attemptId, error: error?.error ?? null });
  return lost;
}

function lossTold(trade: Trade, position: Position, failure: TradeFailure): readonly NewEvent[] {
  const { exitIn, exitOut } = position.totals;
  const told = `its exits took ${exitIn} base units from the wallet and brought ${exitOut}, and its entry brought none: ${failure.message}`;
  return [
    tradeFailed(trade, failure),
    positionUpdated(position, NO_FILLS, "aborted"),
    ...(exitIn > 0n ? [alarmRaised(trade, "EXIT_WITHOUT_ENTRY", told)] : []),
  ];
}

/** What it cost to land with an error; null: the node does not show that. */
async function errorOf({ rpc }: ForkDeps, { signature }: Landed): Promise<OnChainError | null> {
  const transaction = await rpc.transaction(signature, "finalized");
  if (!transaction || transaction.error === null) return null;
  const { kind: cause, message } = failureOf(transaction.error, transaction.logs);
  return { error: message, cause, feeLamports: amount(transaction.feeLamports) };
}

/** One node's silence is not enough to take something back that it shows when it is asked for it. */
async function isThere({ rpc }: ForkDeps, { signature }: Landed): Promise<boolean> {
  const transaction = await rpc.transaction(signature, "confirmed");
  return transaction?.error === null;
}

async function takeBack(deps: ForkDeps, { trade, position }: TradeRecord, attempt: Landed): Promise<boolean> {
  if (trade.kind === "entry" && gone(position.totals) > 0n) return false;
  const totals = unbook(position.totals, trade.kind, attempt.fill);
  const status = trade.kind === "entry" && position.status === "open" ? "opening" : position.status;
  const events = [positionUpdated(position, totals, status)];
  const forked = await deps.fills.fork(attempt.attemptId, position.status, events, deps.clock.now());
  if (forked) deps.log.info("fill_forked", { attemptId: attempt.attemptId });
  return forked;
}

async function doubt({ fills, log }: ForkDeps, { position }: TradeRecord, { attemptId }: Landed): Promise<void> {
  if (!position.inDoubt && (await fills.doubt(attemptId))) log.info("entry_in_doubt", { attemptId });
}
