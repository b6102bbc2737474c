/** Trades in memory, with their attempts and their position. Invariant: an entry fails with its draft, or not at all. */
import { positionOf } from "../../src/position/position.row.ts";
import { POSITION_MOVES } from "../../src/position/position.ts";
import { ATTEMPT_MOVES } from "../../src/trade/attempt.ts";
import { attemptOf, tradeOf } from "../../src/trade/trade.row.ts";
import type { FailingEntry, TradeRecord, TradeStore } from "../../src/trade/trade.store.ts";
import { TRADE_MOVES, UNFINISHED_TRADES } from "../../src/trade/trade.ts";
import { joined, type MemoryDatabase, type TradeRow, within } from "./database.ts";
import { attemptIn, type Judged, json, touch, tradeIn } from "./judged.memory.ts";
import { planEntryIn } from "./plan-entry.memory.ts";

export const tradesIn = (db: MemoryDatabase): TradeStore => ({
  async find(tradeId) {
    const row = db.trades.get(tradeId);
    return row ? recordOf(db, row) : null;
  },

  async findMany(tradeIds) {
    return [...new Set(tradeIds)].flatMap((tradeId) => {
      const row = db.trades.get(tradeId);
      return row ? [recordOf(db, row)] : [];
    });
  },

  async findEntry(positionId) {
    return db.trades.find("trade_entry", positionId)?.tradeId ?? null;
  },

  async findExit(positionId) {
    for (const row of db.trades.descending("position", positionId))
      if (row.kind === "exit" && within(UNFINISHED_TRADES, row.status)) return recordOf(db, row);
    return null;
  },

  async findByKey(accountId, key) {
    const row = db.trades.find("trade_idempotency_key", joined(accountId, key));
    return row ? { tradeId: row.tradeId, requestDigest: row.requestDigest ?? "" } : null;
  },

  planEntry: async (plan) => planEntryIn(db, plan),

  async submit(attemptId, events, at) {
    const judged = attemptIn(db, attemptId);
    if (judged?.attempt.status !== "live" || !within(TRADE_MOVES.submit.from, judged.trade.status)) return false;
    const { trade, position } = judged;
    db.statement(() => {
      touch(db, position, {}, events, at);
      db.trades.update(trade.tradeId, { status: TRADE_MOVES.submit.to, submittedAt: at });
    });
    return true;
  },

  async fail(failing) {
    const judged = tradeIn(db, failing.tradeId);
    if (!judged || !mayFail(db, judged, failing)) return false;
    db.statement(() => fail(db, judged, failing));
    return true;
  },
});

export function recordOf(db: MemoryDatabase, row: TradeRow): TradeRecord {
  return {
    trade: tradeOf(row),
    position: positionOf(db.positions.named(row.positionId)),
    wallet: db.accounts.named(row.accountId).wallet,
    attempts: Array.from(db.attempts.ascending("trade", row.tradeId), attemptOf),
  };
}

/** None of its attempts may still land, nor any of the exits of its position. */
function mayFail(db: MemoryDatabase, { trade, position }: Judged, { attempts, draft }: FailingEntry): boolean {
  if (trade.kind !== "entry" || trade.attempts !== attempts) return false;
  if (!within(TRADE_MOVES.fail.from, trade.status) || !within(POSITION_MOVES.abort.from, position.status)) return false;
  if (db.attempts.find("attempt_one_unfinished_exit_per_position", position.positionId)) return false;
  if (draft === null) return true;
  const drafted = db.attempts.get(draft);
  return drafted?.tradeId === trade.tradeId && within(ATTEMPT_MOVES.abandon.from, drafted.status);
}

function fail(db: MemoryDatabase, { trade, position }: Judged, { draft, failure, events, at }: FailingEntry): void {
  if (draft !== null) db.attempts.update(draft, { status: ATTEMPT_MOVES.abandon.to });
  db.trades.update(trade.tradeId, { status: TRADE_MOVES.fail.to, failure: json(failure), endedAt: at });
  touch(db, position, { status: POSITION_MOVES.abort.to, closedAt: at, exiting: 0n }, events, at);
  for (const exit of [...db.trades.ascending("position", position.positionId)])
    if (exit.kind === "exit" && within(TRADE_MOVES.supersede.from, exit.status))
      db.trades.update(exit.tradeId, { status: TRADE_MOVES.supersede.to, endedAt: at });
}
