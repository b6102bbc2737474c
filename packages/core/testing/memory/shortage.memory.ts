/** Books, sightings and what is written off, in memory. Invariant: a mint is known by the look at the latest slot. */
import { amount } from "../../src/money/amount.ts";
import { positionOf } from "../../src/position/position.row.ts";
import { held, POSITION_MOVES } from "../../src/position/position.ts";
import type { Look, ShortageStore, WriteOff } from "../../src/reconcile/shortage.store.ts";
import type { Lot } from "../../src/reconcile/shortage.ts";
import { TRADE_MOVES, UNFINISHED_TRADES } from "../../src/trade/trade.ts";
import { fillSlotsIn, holdersOf, isUnfinishedIn } from "./committed.memory.ts";
import { joined, type MemoryDatabase, type PositionRow, type ShortageRow, type TradeRow, within } from "./database.ts";
import { heldBy, touch } from "./judged.memory.ts";

export const shortagesIn = (db: MemoryDatabase): ShortageStore => ({
  async books(accountId, mint) {
    const holders = [...holdersOf(db, accountId, mint)].reverse();
    // Without a lot, SQL has no row to say the rest on.
    if (holders.length === 0) return { lots: [], unfinished: false, firstFillSlot: 0n, lastFillSlot: 0n };
    const { first, last } = fillSlotsIn(db, accountId, mint);
    return {
      lots: holders.flatMap((row) => lotOf(db, row) ?? []),
      unfinished: isUnfinishedIn(db, accountId, mint),
      firstFillSlot: first ?? 0n,
      lastFillSlot: last ?? 0n,
    };
  },

  async sighting(accountId, mint) {
    const row = db.shortages.get(joined(accountId, mint));
    if (!row) return null;
    const { slot, agreedSlot, frozenAt } = row;
    return { amount: amount(row.amount), slot, agreedSlot, writtenOff: amount(row.writtenOff), frozenAt };
  },

  agree: async (look) => {
    const over = { agreedSlot: look.slot, writtenOff: 0n, frozenAt: null };
    return note(db, look, { amount: 0n, ...over }, over);
  },

  sight: async (look, short) => note(db, look, { amount: short }, NEVER_AGREED),

  async freeze({ accountId, mint, at, sighting, positionId, events }) {
    const key = joined(accountId, mint);
    const [row, position] = [db.shortages.get(key), db.positions.get(positionId)];
    if (!position || row?.amount !== sighting.amount || row.slot !== sighting.slot || row.frozenAt) return false;
    db.statement(() => {
      touch(db, position, {}, events, at);
      db.shortages.update(key, { frozenAt: at });
    });
    return true;
  },

  async writeOff(off) {
    const { positionId, status, exiting, totals } = off.lot.position;
    const position = db.positions.get(positionId);
    if (position?.status !== status || position.exiting !== exiting || heldBy(position) !== held(totals)) return false;
    const exits = unfinishedExits(db, positionId);
    if (counted(exits) !== off.lot.exits) return false;
    db.statement(() => writeOff(db, position, exits, off));
    return true;
  },

  async own(signatures) {
    const isOurs = (each: string) =>
      db.attempts.find("attempt_signature_unique", each) ?? db.transfers.find("transfer_signature_unique", each);
    return new Set(signatures.filter(isOurs));
  },
});

const NEVER_AGREED = { agreedSlot: null, writtenOff: 0n, frozenAt: null };

/** What is known of a mint changes by a look at a later slot, or begins with the first one. */
function note(
  db: MemoryDatabase,
  { accountId, mint, slot, at }: Look,
  change: Partial<ShortageRow> & Pick<ShortageRow, "amount">,
  first: Pick<ShortageRow, "agreedSlot" | "writtenOff" | "frozenAt">,
): boolean {
  const key = joined(accountId, mint);
  const row = db.shortages.get(key);
  if (row && row.slot >= slot) return false;
  const seen = { slot, seenAt: at, ...change };
  db.statement(() =>
    row ? db.shortages.update(key, seen) : db.shortages.insert({ accountId, mint, ...first, ...seen }),
  );
  return true;
}

function lotOf(db: MemoryDatabase, row: PositionRow): Lot | null {
  const position = positionOf(row);
  if (position.status !== "open" && position.status !== "closing") return null;
  const entry = db.trades.find("trade_entry", row.positionId);
  if (!entry) throw new TypeError(`position ${row.positionId} has no entry`);
  const exits = counted(unfinishedExits(db, row.positionId));
  return { position, entryTradeId: entry.tradeId, exits };
}

const unfinishedExits = (db: MemoryDatabase, positionId: number): readonly TradeRow[] =>
  [...db.trades.ascending("position", positionId)].filter(
    (each) => each.kind === "exit" && within(UNFINISHED_TRADES, each.status),
  );

/** Trades with the number of their attempts, as one text that can be compared. */
const counted = (trades: readonly TradeRow[]): string =>
  trades
    .toSorted((a, b) => (a.tradeId < b.tradeId ? -1 : 1))
    .map(({ tradeId, attempts }) => `${tradeId}.${attempts}`)
    .join(" ");

function writeOff(db: MemoryDatabase, position: PositionRow, exits: readonly TradeRow[], off: WriteOff): void {
  const { accountId, mint, lot, amount: gone, events, at } = off;
  const closes = gone === held(lot.position.totals);
  const closed = {
    status: POSITION_MOVES.finish.to,
    closeReason: "closed_externally" as const,
    exiting: 0n,
    closedAt: at,
  };
  touch(db, position, { missing: position.missing + gone, ...(closes ? closed : {}) }, events, at);
  const key = joined(accountId, mint);
  const row = db.shortages.get(key);
  if (row) {
    const left = row.amount > gone ? row.amount - gone : 0n;
    db.shortages.update(key, { writtenOff: row.writtenOff + gone, amount: left });
  }
  for (const { tradeId, status } of closes ? exits : [])
    if (within(TRADE_MOVES.supersede.from, status))
      db.trades.update(tradeId, { status: TRADE_MOVES.supersede.to, endedAt: at });
}
