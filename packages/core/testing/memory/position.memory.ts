/** Positions in memory: read, and told to close by a person, who names what was seen. */
import { positionOf } from "../../src/position/position.row.ts";
import type { ClosePlan, PositionStore } from "../../src/position/position.store.ts";
import { LIVE_POSITIONS, POSITION_MOVES } from "../../src/position/position.ts";
import { committedIn, fillSlotsIn } from "./committed.memory.ts";
import { type MemoryDatabase, type PositionRow, within } from "./database.ts";
import { exitOf, heldBy, touch, unlessTaken } from "./judged.memory.ts";

export const positionsIn = (db: MemoryDatabase): PositionStore => ({
  async find(accountId, positionId) {
    const row = db.positions.get(positionId);
    return row?.accountId === accountId ? positionOf(row) : null;
  },

  async list(accountId, statuses, limit) {
    const index = statuses.every((status) => within(LIVE_POSITIONS, status)) ? "liveOf" : "account";
    const rows = db.positions.descending(index, accountId).filter(({ status }) => within(statuses, status));
    return Array.from(rows.take(limit), positionOf);
  },

  async planClose(plan) {
    const position = db.positions.get(plan.positionId);
    if (!position || !mayClose(position, plan)) return false;
    const { tradeId, seen, amountIn, key, events, at } = plan;
    return unlessTaken(db, () => {
      const change = {
        status: POSITION_MOVES.close.to,
        closeReason: "manual" as const,
        partial: amountIn < seen,
        exiting: position.exiting + amountIn,
      };
      touch(db, position, change, events, at);
      const asked = { idempotencyKey: key?.idempotencyKey ?? null, requestDigest: key?.requestDigest ?? null };
      db.trades.insert({ ...exitOf(db, position, tradeId, amountIn, at), ...asked });
    });
  },

  committed: async (accountId, mint, at) => ({
    amount: committedIn(db, accountId, mint, at),
    lastFillSlot: fillSlotsIn(db, accountId, mint).last,
  }),
});

function mayClose(position: PositionRow, { accountId, seen, amountIn }: ClosePlan): boolean {
  const joins = position.status === "closing" && position.partial && amountIn === seen;
  if (position.accountId !== accountId || (position.status !== "open" && !joins)) return false;
  return heldBy(position) - position.exiting === seen;
}
