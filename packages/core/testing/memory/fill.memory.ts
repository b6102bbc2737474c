/**
 * Fills in memory: what a landed attempt does to its trade and position.
 *
 * Invariants: a fill is added once, corrected by what has moved and taken back once; all amounts are plain whole numbers here,
 * below zero as well, since what a row may hold is for its checks to say, as in SQL.
 */
import type { Amount } from "../../src/money/amount.ts";
import { held, POSITION_MOVES, type Position } from "../../src/position/position.ts";
import { ATTEMPT_MOVES, type Fill, UNFINISHED_ATTEMPTS } from "../../src/trade/attempt.ts";
import type { FillStore } from "../../src/trade/fill.store.ts";
import { TRADE_MOVES, type TradeKind, UNFINISHED_TRADES } from "../../src/trade/trade.ts";
import { type AttemptRow, type MemoryDatabase, type PositionRow, within } from "./database.ts";
import { attemptIn, heldBy, isEntryFinal, type JudgedAttempt, touch, unlessTaken } from "./judged.memory.ts";

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
    if (closes !== null && !isEntryFinal(db, position)) return false;
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

  async landBeyond({ attemptId, fill, feeQuote, position: seen, share, events, ending, at }) {
    const judged = attemptIn(db, attemptId);
    if (judged?.attempt.status !== "live" || judged.trade.kind !== "exit") return false;
    const { trade, position } = judged;
    if (!within(TRADE_MOVES.confirm.from, trade.status) || !isAsSeen(position, seen)) return false;
    const isLast = heldBy(position) === share.amountIn && position.exiting === trade.amountIn;
    const closes = within(POSITION_MOVES.finish.from, position.status) && isLast && isEntryFinal(db, position);
    db.statement(() => {
      const change = {
        ...bookedOn(position, trade.kind, movedBy({ ...fill, ...share }, feeQuote)),
        exiting: position.exiting - trade.amountIn,
        ...(closes ? { status: POSITION_MOVES.finish.to, closedAt: at } : {}),
      };
      touch(db, position, change, closes ? [...events, ...ending] : events, at);
      const ended = { status: TRADE_MOVES.finalize.to, confirmedAt: at, finalizedAt: at };
      db.trades.update(trade.tradeId, { ...ended, setbacks: 0, setback: null });
      const beyond = { status: ATTEMPT_MOVES.finalize.to, landedAt: at, endedAt: at };
      db.attempts.update(attemptId, { ...beyond, ...columnsOf(fill, feeQuote) });
    });
    return true;
  },

  async move(attemptId, fill, feeQuote, { position: seen, exits, events, at }) {
    const judged = attemptIn(db, attemptId);
    if (judged?.attempt.status !== ATTEMPT_MOVES.land.to) return false;
    const { attempt, trade, position } = judged;
    if (!isAsSeen(position, seen)) return false;
    const settlesDoubt = position.inDoubt && trade.kind === "entry";
    if (!standsElsewhere(attempt, fill) && !settlesDoubt) return false;
    if (exits && (trade.kind !== "entry" || hasExitAttempt(db, position, UNFINISHED_ATTEMPTS))) return false;
    const correction = difference(movedBy(fill, feeQuote), movedIn(attempt));
    db.statement(() => {
      const change = {
        ...bookedOn(position, trade.kind, correction),
        ...(exits ? { exitIn: exits.amountIn, exitOut: exits.amountOut } : {}),
        inDoubt: position.inDoubt && trade.kind !== "entry",
      };
      touch(db, position, change, events, at);
      db.attempts.update(attemptId, columnsOf(fill, feeQuote));
    });
    return true;
  },

  async finalize(attemptId, seen, dust, events, at) {
    const judged = attemptIn(db, attemptId);
    if (!judged || !within(ATTEMPT_MOVES.finalize.from, judged.attempt.status)) return false;
    const { trade, position } = judged;
    if (!within(TRADE_MOVES.finalize.from, trade.status) || !isAsSeen(position, seen)) return false;
    const after = afterFinal(db, judged, dust, at);
    db.statement(() => {
      const inDoubt = position.inDoubt && trade.kind !== "entry";
      touch(db, position, { ...after, inDoubt }, after ? events : [], at);
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
    if (trade.kind === "entry" && !mayBeTakenBack(db, position)) return false;
    const reopens = within(POSITION_MOVES.fork.from, position.status);
    const left = { status: reopens ? POSITION_MOVES.fork.to : position.status, version: position.version + 1 };
    db.statement(() => {
      const back = bookedOn(position, trade.kind, difference(NOTHING, movedIn(attempt)));
      const change =
        trade.kind === "entry" ? { ...left, inDoubt: false } : { exiting: position.exiting + trade.amountIn };
      touch(db, position, { ...back, ...change }, events, at);
      db.trades.update(trade.tradeId, { status: TRADE_MOVES.fork.to, confirmedAt: null });
      db.attempts.update(attemptId, { status: ATTEMPT_MOVES.fork.to, landedAt: null, ...NO_FILL });
    });
    return true;
  },

  async doubt(attemptId) {
    const judged = landedEntry(db, attemptId);
    if (!judged || judged.position.inDoubt) return false;
    db.statement(() => db.positions.update(judged.position.positionId, { inDoubt: true }));
    return true;
  },

  async lose({ attemptId, position: seen, error, feeQuote, failure, events, at }) {
    const judged = landedEntry(db, attemptId);
    if (!judged || !isAsSeen(judged.position, seen)) return false;
    const { attempt, trade, position } = judged;
    if (!within([...POSITION_MOVES.fork.from, ...POSITION_MOVES.abort.from], position.status)) return false;
    if (hasExitAttempt(db, position, UNFINISHED_ATTEMPTS)) return false;
    const charged = { ...NOTHING, feesLamports: error?.feeLamports ?? 0n, feeQuote: error ? feeQuote : 0n };
    db.statement(() => {
      const change = {
        ...bookedOn(position, trade.kind, difference(charged, movedIn(attempt))),
        ...{ exitIn: 0n, exitOut: 0n, missing: 0n, dust: 0n, exiting: 0n, inDoubt: false },
        ...{ status: POSITION_MOVES.abort.to, closedAt: at },
      };
      touch(db, position, change, events, at);
      for (const exit of db.trades.ascending("position", position.positionId))
        if (exit.kind === "exit" && within(TRADE_MOVES.supersede.from, exit.status))
          db.trades.update(exit.tradeId, { status: TRADE_MOVES.supersede.to, endedAt: at });
      db.trades.update(trade.tradeId, { status: TRADE_MOVES.fail.to, failure, confirmedAt: null, endedAt: at });
      const status = error === null ? ATTEMPT_MOVES.expire.to : ATTEMPT_MOVES.error.to;
      const told = { error: error?.error ?? null, cause: error?.cause ?? null };
      const fee = { feeLamports: error?.feeLamports ?? null, feeQuote: error ? feeQuote : null };
      db.attempts.update(attemptId, { status, landedAt: null, endedAt: at, ...NO_FILL, ...fee, ...told });
    });
    return true;
  },
});

/** An entry that is booked, and not final. */
function landedEntry(db: MemoryDatabase, attemptId: string): JudgedAttempt | null {
  const judged = attemptIn(db, attemptId);
  if (!judged || !within(ATTEMPT_MOVES.fork.from, judged.attempt.status)) return null;
  return judged.trade.kind === "entry" && within(TRADE_MOVES.fork.from, judged.trade.status) ? judged : null;
}

/** Nothing has left it, and nothing that is signed may. */
const mayBeTakenBack = (db: MemoryDatabase, position: PositionRow): boolean =>
  position.exitIn + position.missing + position.dust === 0n && !hasExitAttempt(db, position, ["live", "landed"]);

function hasExitAttempt(db: MemoryDatabase, { positionId }: PositionRow, statuses: readonly string[]): boolean {
  for (const exit of db.trades.ascending("position", positionId)) {
    if (exit.kind !== "exit") continue;
    for (const { status } of db.attempts.ascending("trade", exit.tradeId)) if (within(statuses, status)) return true;
  }
  return false;
}

function areExitsOver(db: MemoryDatabase, { positionId }: PositionRow): boolean {
  for (const exit of db.trades.ascending("position", positionId))
    if (exit.kind === "exit" && within(UNFINISHED_TRADES, exit.status)) return false;
  return true;
}

const standsElsewhere = (booked: AttemptRow, { slot, amountIn, amountOut, feeLamports }: Fill): boolean =>
  booked.slot !== slot ||
  booked.fillIn !== amountIn ||
  booked.fillOut !== amountOut ||
  booked.feeLamports !== feeLamports;

const isAsSeen = (position: PositionRow, seen: Pick<Position, "status" | "exiting" | "totals">): boolean =>
  position.status === seen.status &&
  position.exiting === seen.exiting &&
  heldBy(position) === held(seen.totals) &&
  position.exitIn === seen.totals.exitIn;

/** What becomes of the position when an attempt of it is final: it is over, or watched again; null: neither. */
function afterFinal(
  db: MemoryDatabase,
  { trade, position }: JudgedAttempt,
  dust: Amount,
  at: Date,
): Partial<PositionRow> | null {
  if (position.exiting !== 0n) return null;
  const left = heldBy(position);
  const isLast = trade.kind === "exit" ? isEntryFinal(db, position) : areExitsOver(db, position);
  if (left === dust && isLast && within(POSITION_MOVES.finish.from, position.status)) {
    const closeReason = position.closeReason ?? "closed_externally";
    return { dust: position.dust + dust, status: POSITION_MOVES.finish.to, closedAt: at, closeReason };
  }
  const isFree = trade.kind === "exit" || areExitsOver(db, position);
  if (left <= dust || !isFree || !within(POSITION_MOVES.resume.from, position.status)) return null;
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
