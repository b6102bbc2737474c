/**
 * Attempts in memory: drafted, signed, dead.
 *
 * Invariant: an attempt and its number in the count of its trade are written by one statement, or neither is.
 */
import { dayOf } from "../../src/account/account.ts";
import type { NewEvent } from "../../src/event/event.ts";
import type { AttemptDraft, AttemptStore } from "../../src/trade/attempt.store.ts";
import { ATTEMPT_MOVES, type AttemptStatus, DEAD_ATTEMPTS, type Failing } from "../../src/trade/attempt.ts";
import { DRAFT_LIFE_MS } from "../../src/trade/policy.ts";
import { attemptOf } from "../../src/trade/trade.row.ts";
import { type AttemptRow, type MemoryDatabase, type TradeRow, within } from "./database.ts";
import {
  attemptIn,
  comesLater,
  isWanted,
  type Judged,
  type JudgedAttempt,
  touch,
  tradeIn,
  unlessTaken,
} from "./judged.memory.ts";

export const attemptsIn = (db: MemoryDatabase): AttemptStore => ({
  async find(attemptId) {
    const row = db.attempts.get(attemptId);
    return row ? attemptOf(row) : null;
  },

  draft: async (draft, events = []) => insertNext(db, draft, ATTEMPT_MOVES.sign.from[0], null, events),

  refuse: async (draft, refusal) => insertNext(db, { ...draft, message: "" }, ATTEMPT_MOVES.abandon.to, refusal, []),

  async sign(attemptId, signature, at, use = null) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.sign.from, judged.attempt.status) || !isWanted(judged)) return false;
    if (judged.attempt.draftedAt.getTime() <= at.getTime() - DRAFT_LIFE_MS) return false;
    const account = db.accounts.named(judged.trade.accountId);
    const used = account.dailyUseOn === dayOf(at) ? account.dailyUse : 0n;
    const isCounted = use === null || wasSigned(db, judged.trade);
    if (!isCounted && used + use.asked > use.max) return false;
    return unlessTaken(db, () => {
      db.attempts.update(attemptId, { status: ATTEMPT_MOVES.sign.to, signature, signedAt: at });
      if (isCounted) return;
      db.accounts.update(account.accountId, { dailyUse: used + use.asked, dailyUseOn: dayOf(at) });
    });
  },

  async abandon(attemptId, refusal) {
    if (!within(ATTEMPT_MOVES.abandon.from, db.attempts.get(attemptId)?.status ?? "")) return false;
    const failing = { error: refusal?.error ?? null, cause: refusal?.cause ?? null };
    db.statement(() => db.attempts.update(attemptId, { status: ATTEMPT_MOVES.abandon.to, ...failing }));
    return true;
  },

  async expire(attemptId, at, events = []) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.expire.from, judged.attempt.status)) return false;
    db.statement(() => {
      touch(db, judged.position, {}, events, at);
      setBack(db, judged, "it did not land while it could");
      db.attempts.update(attemptId, { status: ATTEMPT_MOVES.expire.to, endedAt: at });
    });
    return true;
  },

  async fail(attemptId, { error, cause, feeLamports }, feeQuote, at, events = []) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.error.from, judged.attempt.status)) return false;
    const { position } = judged;
    const fees = {
      feesLamports: position.feesLamports + feeLamports,
      feesQuote: position.feesQuote === null || feeQuote === null ? null : position.feesQuote + feeQuote,
    };
    db.statement(() => {
      touch(db, position, fees, events, at);
      setBack(db, judged, error);
      const columns = { error, cause, feeLamports, feeQuote };
      db.attempts.update(attemptId, { status: ATTEMPT_MOVES.error.to, endedAt: at, ...columns });
    });
    return true;
  },
});

const wasSigned = (db: MemoryDatabase, { tradeId }: TradeRow): boolean =>
  [...db.attempts.ascending("trade", tradeId)].some(({ signature }) => signature !== null);

/** The next attempt of its trade, in the status it is to have; whoever makes one has no turn and no pause any more. */
function insertNext(
  db: MemoryDatabase,
  draft: AttemptDraft,
  status: AttemptStatus,
  refusal: Failing | null,
  events: readonly NewEvent[],
): boolean {
  const judged = tradeIn(db, draft.tradeId);
  if (!judged || !isNext(db, judged, draft)) return false;
  const { trade, position } = judged;
  return unlessTaken(db, () => {
    db.attempts.insert(rowOf(draft, trade, status, refusal));
    touch(db, position, {}, events, draft.draftedAt);
    db.trades.update(trade.tradeId, { attempts: draft.number, retryAt: null, turnUntil: null });
  });
}

function isNext(db: MemoryDatabase, judged: Judged, { tradeId, number, follows }: AttemptDraft): boolean {
  if (judged.trade.attempts !== number - 1 || !isWanted(judged) || comesLater(db, judged.trade)) return false;
  if (follows === null) return true;
  const last = db.attempts.get(follows);
  return last?.tradeId === tradeId && within(DEAD_ATTEMPTS, last.status);
}

const rowOf = (
  draft: AttemptDraft,
  { positionId, kind }: TradeRow,
  status: AttemptStatus,
  refusal: Failing | null,
): AttemptRow => ({
  attemptId: draft.attemptId,
  tradeId: draft.tradeId,
  positionId,
  kind,
  number: draft.number,
  follows: draft.follows,
  status,
  message: draft.message,
  blockhash: draft.blockhash,
  lastValidBlockHeight: draft.lastValidBlockHeight,
  slippageBps: draft.slippageBps,
  quotedOut: draft.quotedOut,
  minimumOut: draft.minimumOut,
  route: draft.route,
  signature: null,
  fillIn: null,
  fillOut: null,
  feeLamports: null,
  tipLamports: null,
  rentLamports: null,
  feeQuote: null,
  slot: null,
  error: refusal?.error ?? null,
  cause: refusal?.cause ?? null,
  draftedAt: draft.draftedAt,
  signedAt: null,
  landedAt: null,
  endedAt: null,
});

/** The attempt is dead, and was not before: one setback more of its trade, and nobody has to wait before the next one. */
function setBack(db: MemoryDatabase, { attempt, trade }: JudgedAttempt, message: string): void {
  if (attempt.status !== "live") return;
  const setback = { code: "TRANSACTION_FAILED", message };
  db.trades.update(trade.tradeId, { retryAt: null, setbacks: trade.setbacks + 1, setback });
}
