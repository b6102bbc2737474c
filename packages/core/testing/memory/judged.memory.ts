/**
 * The pieces that the statements in memory share, as `judged.ts` and `outbox.ts` have them for SQL: which rows they judge, and
 * the events they tell.
 *
 * Invariants: what a statement judges is read before it writes, and its right-hand sides are of the rows as they were then; its
 * writes are made in the order in which Postgres makes them, so that a refused one has taken the same numbers.
 */
import { uniqueViolation } from "../../src/db/error.ts";
import type { NewEvent } from "../../src/event/event.ts";
import { legs, type Market } from "../../src/market/market.ts";
import { mint } from "../../src/market/mint.ts";
import { held, type Totals } from "../../src/position/position.ts";
import { SETBACKS_MEANT } from "../../src/trade/judged.ts";
import { MOVING_TRADES } from "../../src/trade/trade.ts";
import type { AttemptRow, MarketRow, MemoryDatabase, PositionRow, TradeRow } from "./database.ts";
import { within } from "./database.ts";

export interface Judged {
  readonly trade: TradeRow;
  readonly position: PositionRow;
}

export interface JudgedAttempt extends Judged {
  readonly attempt: AttemptRow;
}

export function tradeIn(db: MemoryDatabase, tradeId: string): Judged | null {
  const trade = db.trades.get(tradeId);
  return trade ? { trade, position: db.positions.named(trade.positionId) } : null;
}

export function attemptIn(db: MemoryDatabase, attemptId: string): JudgedAttempt | null {
  const attempt = db.attempts.get(attemptId);
  if (!attempt) return null;
  const trade = db.trades.named(attempt.tradeId);
  return { attempt, trade, position: db.positions.named(trade.positionId) };
}

/** What the position still holds of what entered it. The row's columns are the totals, but for their brand. */
export const heldBy = (row: PositionRow): bigint => held(row as PositionRow & Totals);

/** As `WANTED`. */
export const isWanted = ({ trade, position }: Judged): boolean =>
  within(MOVING_TRADES, trade.status) &&
  (trade.kind === "entry"
    ? position.status === "opening"
    : position.status === "closing" && !position.inDoubt && heldBy(position) >= trade.amountIn);

/** As `ENTRY_FINAL`. */
export const isEntryFinal = (db: MemoryDatabase, { positionId }: PositionRow): boolean =>
  db.trades.find("trade_entry", positionId)?.status === "finalized";

/** As `COMES_LATER`. */
export function comesLater(db: MemoryDatabase, trade: TradeRow): boolean {
  if (trade.kind !== "exit") return false;
  for (const later of db.trades.descending("position", trade.positionId)) {
    if (later.plannedAt <= trade.plannedAt) return false;
    if (later.kind === "exit" && within(MOVING_TRADES, later.status) && later.setbacks < SETBACKS_MEANT) return true;
  }
  return false;
}

/** What a swap takes and gives that enters the position, or leaves it. */
export function legsOf(db: MemoryDatabase, { symbol, side }: PositionRow, kind: "entry" | "exit") {
  const leaving = side === "buy" ? "sell" : "buy";
  return legs(marketOf(db.markets.named(symbol)), kind === "entry" ? side : leaving);
}

/** The mint that the position holds. */
export const holds = (db: MemoryDatabase, position: PositionRow): string => legsOf(db, position, "entry").output;

/** By their rows, which never change: a mint is not read as one again and again. */
const MARKETS = new WeakMap<MarketRow, Market>();

export function marketOf(row: MarketRow): Market {
  const read = MARKETS.get(row) ?? { ...row, baseMint: mint(row.baseMint), quoteMint: mint(row.quoteMint) };
  MARKETS.set(row, read);
  return read;
}

/** A value as `jsonb` keeps it. */
export const json = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value));

/** Changes the position, and tells the events of it: `touched` and `told` of the statements. */
export function touch(
  db: MemoryDatabase,
  { positionId, eventSequence }: PositionRow,
  change: Partial<PositionRow>,
  events: readonly NewEvent[],
  at: Date,
): void {
  db.positions.update(positionId, { ...change, eventSequence: eventSequence + events.length });
  tell(db, positionId, eventSequence, events, at);
}

/** @param last - The sequence of the position's last event before these. */
export function tell(
  db: MemoryDatabase,
  positionId: number,
  last: number,
  events: readonly NewEvent[],
  at: Date,
): void {
  for (const [index, { name, payload }] of events.entries()) {
    const positionSequence = last + index + 1;
    const eventId = `evt_${positionId}_${positionSequence}`;
    const [sequence, deliveredAt] = [db.nextSequence(), null];
    db.outbox.insert({
      sequence,
      eventId,
      name,
      positionId,
      positionSequence,
      payload: json(payload),
      at,
      deliveredAt,
    });
  }
}

/** A trade as it is planned: its other columns are empty. */
export const NEW_TRADE = {
  status: "planned",
  minimumOut: null,
  attempts: 0,
  idempotencyKey: null,
  requestDigest: null,
  failure: null,
  setback: null,
  setbacks: 0,
  retryAt: null,
  turnUntil: null,
  lookAt: null,
  replaces: null,
  triesBefore: 0,
  submittedAt: null,
  confirmedAt: null,
  finalizedAt: null,
  endedAt: null,
} as const satisfies Partial<TradeRow>;

/** The exit of a position, as it is planned. */
export function exitOf(db: MemoryDatabase, position: PositionRow, tradeId: string, amountIn: bigint, plannedAt: Date) {
  const { accountId, positionId, symbol } = position;
  const { input: inputMint, output: outputMint } = legsOf(db, position, "exit");
  const side = position.side === "buy" ? ("sell" as const) : ("buy" as const);
  const facts = { tradeId, accountId, positionId, symbol, kind: "exit" as const, side, inputMint, outputMint };
  return { ...NEW_TRADE, ...facts, amountIn, plannedAt } satisfies TradeRow;
}

/** Writes all of it; false: a unique index refuses it, and nothing is written. */
export function unlessTaken(db: MemoryDatabase, write: () => void): boolean {
  try {
    db.statement(write);
    return true;
  } catch (error) {
    if (uniqueViolation(error) !== null) return false;
    throw error;
  }
}
