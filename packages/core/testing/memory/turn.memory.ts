/** Turns and pauses in memory. Invariant: whoever has not seen the last attempt, or the last setback, changes nothing. */
import { MOVING_TRADES } from "../../src/trade/trade.ts";
import type { TurnStore } from "../../src/trade/turn.store.ts";
import { type MemoryDatabase, within } from "./database.ts";
import { json, touch, tradeIn } from "./judged.memory.ts";

export const turnsIn = (db: MemoryDatabase): TurnStore => ({
  async take({ tradeId, turnUntil }, attempts, until) {
    const row = db.trades.get(tradeId);
    if (row?.attempts !== attempts || !within(MOVING_TRADES, row.status)) return false;
    if (row.turnUntil?.getTime() !== turnUntil?.getTime()) return false;
    db.statement(() => db.trades.update(tradeId, { turnUntil: until }));
    return true;
  },

  async release(tradeId, until) {
    if (db.trades.get(tradeId)?.turnUntil?.getTime() !== until.getTime()) return;
    db.statement(() => db.trades.update(tradeId, { turnUntil: null }));
  },

  async postpone({ tradeId, attempts, setbacks, failure, retryAt, events, at }) {
    const judged = tradeIn(db, tradeId);
    if (!judged || !within(MOVING_TRADES, judged.trade.status)) return false;
    const { trade, position } = judged;
    if (trade.attempts !== attempts || trade.setbacks !== setbacks) return false;
    db.statement(() => {
      touch(db, position, {}, events, at);
      db.trades.update(tradeId, { setbacks: setbacks + 1, setback: json(failure), retryAt, turnUntil: null });
    });
    return true;
  },
});
