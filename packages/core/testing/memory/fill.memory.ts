/**
 * Fills in memory: what a landed attempt does to its trade and position.
 *
 * Invariants: a fill is added once, corrected by what has moved and taken back once; all amounts are plain whole numbers here,
 * below zero as well, since what a row may hold is for its checks to say, as in SQL.
 */
import type { Amount } from "../../src/money/amount.ts";
import { held, POSITION_MOVES, type Position } from "../../src/position/position.ts";
import { ATTEMPT_MOVES, type Fill } from "../../src/trade/attempt.ts";
import type { FillStore } from "../../src/trade/fill.store.ts";
import { TRADE_MOVES, type TradeKind } from "../../src/trade/trade.ts";
import { type AttemptRow, type MemoryDatabase, type PositionRow, within } from "./database.ts";
import { attemptIn, heldBy, type JudgedAttempt, touch, unlessTaken } from "./judged.memory.ts";

export const fillsIn = (db: MemoryDatabase): FillStore => ({
  async land({ attemptId, fill, feeQuote, judged: status, entryPrice, events, at }) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.land.from, judged.attempt.status)) return false;
    const { trade, position } = judged;
    if (!within(TRADE_MOVES.confirm.from, trade.status) || position.status !== status) return false;
    const opens = within(POSITION_MOVES.open.from, position.status);
    const entered = {
      status: opens ? POSITION_MOVES.open.to : position.status,
      openedAt: at,
      entryPrice,
      highWaterMark: entryPrice,
    };
    return unlessTaken(db, () => {
      const booked = bookedOn(position, trade.kind, movedBy(fill, feeQuote));
      const change = trade.kind === "entry" ? entered : { exiting: position.exiting - trade.amountIn };
      touch(db, position, { ...booked, ...change }, events, at);
      db.trades.update(trade.tradeId, {
        status: TRADE_MOVES.confirm.to,
        confirmedAt: at,
        setbacks: 0,
        setback: null,
      });
      const landed = { status: ATTEMPT_MOVES.land.to, landedAt: at, endedAt: null };
      db.attempts.update(attemptId, { ...landed, ...columnsOf(fill, feeQuote) });
    });
  },

  async landLate({ attemptId, fill, feeQuote, trade: status, position: seen, counts, closes, events, at }) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.late.from, judged.attempt.status)) return false;
    const { trade, position } = judged;
    if (trade.status !== status || !isAsSeen(position, seen)) return false;
    const moved = movedBy(fill, feeQuote);
    const counted = counts ? moved : { ...moved, amountIn: 0n, amountOut: 0n };
    const closed = { status: POSITION_MOVES.finish.to, closeReason: position.closeReason ?? closes, closedAt: at };
    db.statement(() => {
      const change = { ...bookedOn(position, trade.kind, counted), ...(closes === null ? {} : closed) };
      touch(db, position, change, events, at);
      const late = { status: ATTEMPT_MOVES.late.to, landedAt: at, endedAt: at };
      db.attempts.update(attemptId, { ...late, ...columnsOf(fill, feeQuote) });
    });
    return true;
  },

  async move(attemptId, fill, feeQuote) {
    const judged = attemptIn(db, attemptId);
    if (judged?.attempt.status !== ATTEMPT_MOVES.land.to) return false;
    const { attempt, trade, position } = judged;
    const correction = difference(movedBy(fill, feeQuote), movedIn(attempt));
    db.statement(() => {
      db.positions.update(position.positionId, bookedOn(position, trade.kind, correction));
      db.attempts.update(attemptId, columnsOf(fill, feeQuote));
    });
    return true;
  },

  async finalize(attemptId, seen, dust, events, at) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.finalize.from, judged.attempt.status)) return false;
    const { trade, position } = judged;
    if (!within(TRADE_MOVES.finalize.from, trade.status) || !isAsSeen(position, seen)) return false;
    db.statement(() => {
      touch(db, position, { dust: position.dust + dust, ...afterExit(judged, dust, at) }, events, at);
      db.trades.update(trade.tradeId, { status: TRADE_MOVES.finalize.to, finalizedAt: at });
      db.attempts.update(attemptId, { status: ATTEMPT_MOVES.finalize.to, endedAt: at });
    });
    return true;
  },

  async fork(attemptId, status, events, at) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.fork.from, judged.attempt.status)) return false;
    const { attempt, trade, position } = judged;
    if (!within(TRADE_MOVES.fork.from, trade.status) || position.status !== status) return false;
    const reopens = within(POSITION_MOVES.fork.from, position.status);
    const left = { status: reopens ? POSITION_MOVES.fork.to : position.status, version: position.version + 1 };
    db.statement(() => {
      const back = bookedOn(position, trade.kind, difference(NOTHING, movedIn(attempt)));
      const change = trade.kind === "entry" ? left : { exiting: position.exiting + trade.amountIn };
      touch(db, position, { ...back, ...change }, events, at);
      db.trades.update(trade.tradeId, { status: TRADE_MOVES.fork.to, confirmedAt: null });
      db.attempts.update(attemptId, { status: ATTEMPT_MOVES.fork.to, landedAt: null, ...NO_FILL });
    });
    return true;
  },
});

const isAsSeen = (position: PositionRow, seen: Pick<Position, "status" | "exiting" | "totals">): boolean =>
  position.status === seen.status && position.exiting === seen.exiting && heldBy(position) === held(seen.totals);

/** What becomes of the position when an exit of it is final: it is over, or watched again, or goes on closing. */
function afterExit({ trade, position }: JudgedAttempt, dust: Amount, at: Date): Partial<PositionRow> {
  if (trade.kind !== "exit") return {};
  const left = heldBy(position);
  if (left === dust && within(POSITION_MOVES.finish.from, position.status))
    return { status: POSITION_MOVES.finish.to, closedAt: at };
  if (left <= dust || position.exiting !== 0n || !within(POSITION_MOVES.resume.from, position.status)) return {};
  const version = position.partial ? position.version : position.version + 1;
  return { status: POSITION_MOVES.resume.to, partial: false, version, closeReason: null };
}

/** What a fill adds to the totals; less than nothing: it takes that back. */
interface Moved {
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  /** Tips included. */
  readonly feesLamports: bigint;
  readonly rentLamports: bigint;
  readonly feeQuote: bigint | null;
}

const NOTHING: Moved = { amountIn: 0n, amountOut: 0n, feesLamports: 0n, rentLamports: 0n, feeQuote: 0n };

const movedBy = (fill: Fill, feeQuote: Amount | null): Moved => ({
  amountIn: fill.amountIn,
  amountOut: fill.amountOut,
  feesLamports: fill.feeLamports + fill.tipLamports,
  rentLamports: fill.rentLamports,
  feeQuote,
});

const movedIn = (row: AttemptRow): Moved => ({
  amountIn: row.fillIn ?? 0n,
  amountOut: row.fillOut ?? 0n,
  feesLamports: (row.feeLamports ?? 0n) + (row.tipLamports ?? 0n),
  rentLamports: row.rentLamports ?? 0n,
  feeQuote: row.feeQuote,
});

const difference = (after: Moved, before: Moved): Moved => ({
  amountIn: after.amountIn - before.amountIn,
  amountOut: after.amountOut - before.amountOut,
  feesLamports: after.feesLamports - before.feesLamports,
  rentLamports: after.rentLamports - before.rentLamports,
  feeQuote: after.feeQuote === null || before.feeQuote === null ? null : after.feeQuote - before.feeQuote,
});

/** The position's totals with what one trade moved added to them. */
const bookedOn = (row: PositionRow, kind: TradeKind, moved: Moved): Partial<PositionRow> => ({
  ...(kind === "entry"
    ? { entryIn: row.entryIn + moved.amountIn, entryOut: row.entryOut + moved.amountOut }
    : { exitIn: row.exitIn + moved.amountIn, exitOut: row.exitOut + moved.amountOut }),
  feesLamports: row.feesLamports + moved.feesLamports,
  rentLamports: row.rentLamports + moved.rentLamports,
  feesQuote: row.feesQuote === null || moved.feeQuote === null ? null : row.feesQuote + moved.feeQuote,
});

const columnsOf = (fill: Fill, feeQuote: Amount | null) => ({
  fillIn: fill.amountIn,
  fillOut: fill.amountOut,
  feeLamports: fill.feeLamports,
  tipLamports: fill.tipLamports,
  rentLamports: fill.rentLamports,
  feeQuote,
  slot: fill.slot,
});

const NO_FILL = {
  fillIn: null,
  fillOut: null,
  feeLamports: null,
  tipLamports: null,
  rentLamports: null,
  feeQuote: null,
  slot: null,
} as const;
