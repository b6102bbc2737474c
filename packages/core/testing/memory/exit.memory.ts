/** What is around an exit, and what takes its place, in memory. Invariant: a replacement is as it was seen, or is not made. */
import { POSITION_MOVES } from "../../src/position/position.ts";
import { type ExitStore, latchedAt, OVERDUE_MAX, type Replacement } from "../../src/trade/exit.store.ts";
import { TRADE_MOVES, UNFINISHED_TRADES } from "../../src/trade/trade.ts";
import { fillSlotsIn, holdersOf, isUnfinishedIn } from "./committed.memory.ts";
import { type MemoryDatabase, within } from "./database.ts";
import { comesLater, heldBy, isEntryFinal, type Judged, NEW_TRADE, touch, tradeIn } from "./judged.memory.ts";

export const exitsIn = (db: MemoryDatabase): ExitStore => ({
  async surroundings({ tradeId, accountId, positionId, inputMint }) {
    const row = db.trades.get(tradeId);
    const flying = db.attempts.find("attempt_one_unfinished_exit_per_position", positionId);
    const anotherFlies = flying !== undefined && flying.tradeId !== tradeId;
    return {
      heldByOthers: heldByOthers(db, accountId, positionId, inputMint),
      unfinished: isUnfinishedIn(db, accountId, inputMint),
      otherExits: hasOtherExits(db, positionId, tradeId),
      waits: row !== undefined && (comesLater(db, row) || anotherFlies),
      lastFillSlot: fillSlotsIn(db, accountId, inputMint).last,
    };
  },

  async overdue({ tradeId, accountId, inputMint }, before) {
    const overdue: string[] = [];
    for (const attempt of db.attempts.ascending("unfinishedOf", accountId)) {
      const trade = db.trades.named(attempt.tradeId);
      const isInTheWay = trade.tradeId !== tradeId && [trade.inputMint, trade.outputMint].includes(inputMint);
      if (isInTheWay && attempt.draftedAt < before) overdue.push(trade.tradeId);
    }
    return overdue.slice(0, OVERDUE_MAX);
  },

  async replace(replacement) {
    const judged = tradeIn(db, replacement.tradeId);
    if (!judged || !isAsSeen(db, judged, replacement)) return false;
    db.statement(() => replace(db, judged, replacement));
    return true;
  },
});

function heldByOthers(db: MemoryDatabase, accountId: string, positionId: number, mint: string): bigint {
  let sum = 0n;
  for (const other of holdersOf(db, accountId, mint)) {
    if (other.positionId === positionId) continue;
    if (other.status === "open" || other.positionId < positionId) sum += heldBy(other);
  }
  return sum;
}

function hasOtherExits(db: MemoryDatabase, positionId: number, tradeId: string): boolean {
  for (const other of db.trades.ascending("position", positionId))
    if (other.kind === "exit" && other.tradeId !== tradeId && within(UNFINISHED_TRADES, other.status)) return true;
  return false;
}

function isAsSeen(db: MemoryDatabase, { trade, position }: Judged, seen: Replacement): boolean {
  if (trade.kind !== "exit" || !within(TRADE_MOVES.supersede.from, trade.status)) return false;
  if (trade.attempts !== seen.attempts || position.status !== "closing") return false;
  if (heldBy(position) !== seen.held || position.exiting !== seen.exiting) return false;
  if (db.attempts.find("attempt_one_unfinished_per_trade", trade.tradeId)) return false;
  const writesOff = seen.parts.length === 0 || seen.missing > 0n || seen.dust > 0n;
  if (writesOff && !isEntryFinal(db, position)) return false;
  return hasOtherExits(db, position.positionId, trade.tradeId) === seen.otherExits;
}

function replace(db: MemoryDatabase, { trade, position }: Judged, replacement: Replacement): void {
  const { tries, parts, missing, dust, events, otherExits, at } = replacement;
  const planned = parts.reduce((sum, part) => sum + part.amountIn, 0n);
  const over = planned === 0n && !otherExits && heldBy(position) - missing - dust === 0n;
  const change = {
    exiting: position.exiting - trade.amountIn + planned,
    missing: position.missing + missing,
    dust: position.dust + dust,
    ...(over ? { status: POSITION_MOVES.finish.to, closedAt: at } : {}),
  };
  touch(db, position, change, events, at);
  const { accountId, positionId, symbol, kind, side, inputMint, outputMint } = trade;
  const facts = { accountId, positionId, symbol, kind, side, inputMint, outputMint };
  for (const [index, { tradeId, amountIn }] of parts.entries()) {
    const plannedAt = latchedAt(at, parts.length, index);
    const rest = { replaces: trade.tradeId, triesBefore: tries, plannedAt };
    db.trades.insert({ ...NEW_TRADE, ...facts, tradeId, amountIn, ...rest });
  }
  db.trades.update(trade.tradeId, { status: TRADE_MOVES.supersede.to, endedAt: at });
}
