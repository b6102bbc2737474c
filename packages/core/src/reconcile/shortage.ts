/**
 * What is missing from a wallet, by its books, and which lots it is missing from. Pure.
 *
 * Invariants:
 * - a shortage is believed when it was seen twice, a finalization apart, and as much of it as was seen both times;
 * - it is written off from the newest lots first, to the base unit: never more than the shortage, nor than a lot holds;
 * - a surplus is inventory, and nobody's business.
 */
import { type Amount, amount } from "../money/amount.ts";
import { held, type Position } from "../position/position.ts";

/** A live position that holds the mint, as it was seen. */
export interface Lot {
  readonly position: Extract<Position, { status: "open" | "closing" }>;
  readonly entryTradeId: string;
  /** Its unfinished exits, each with the number of its attempts: with one more of either, it is not as it was seen. */
  readonly exits: string;
}

/** What the ledger says of one mint of one account. */
export interface Books {
  /** Newest first. */
  readonly lots: readonly Lot[];
  /** An attempt that moves the mint can still land, or be forked away. */
  readonly unfinished: boolean;
  /** The earliest slot of which a fill of the mint is booked, of any position that ever was, and the latest. */
  readonly firstFillSlot: bigint;
  readonly lastFillSlot: bigint;
}

/** How a wallet's holding of a mint was last found to compare with its books. */
export interface Sighting {
  /** Zero: it was not short, or what it was short by has been written off. */
  readonly amount: Amount;
  /** What the wallet was asked at, or a later one. */
  readonly slot: bigint;
  /** The last one at which it was not short; null: none is known. */
  readonly agreedSlot: bigint | null;
  /** Since then, and explained. */
  readonly writtenOff: Amount;
  readonly frozenAt: Date | null;
}

export type Judgement =
  | { readonly type: "agrees" }
  /** Seen for the first time, or less of it than before: it has to be seen again. */
  | { readonly type: "sighted"; readonly amount: Amount }
  /** Too soon after the last sighting to be another one. */
  | { readonly type: "early" }
  /** At least as much as the last time. */
  | { readonly type: "short"; readonly last: Sighting };

export interface Part {
  readonly lot: Lot;
  readonly amount: Amount;
}

/** The tower's depth: what one node takes for final by mistake, a block this much later does not build on. */
const SIGHTINGS_APART_SLOTS = 32n;

export const expectedOf = ({ lots }: Books): bigint =>
  lots.reduce((sum, { position }) => sum + held(position.totals), 0n);

/** What the wallet was found to have, at a slot, against what it should have. */
export function judge(expected: bigint, balance: bigint, slot: bigint, last: Sighting | null): Judgement {
  if (balance >= expected) return { type: "agrees" };
  const shortage = amount(expected - balance);
  if (!last || last.amount === 0n || shortage < last.amount) return { type: "sighted", amount: shortage };
  return slot < last.slot + SIGHTINGS_APART_SLOTS ? { type: "early" } : { type: "short", last };
}

/** Whose loss it is. */
export function partsOf(lots: readonly Lot[], shortage: bigint): readonly Part[] {
  const parts: Part[] = [];
  let left = shortage;
  for (const lot of lots.toSorted((a, b) => b.position.positionId - a.position.positionId)) {
    const holds = held(lot.position.totals);
    const taken = amount(holds < left ? holds : left);
    if (taken > 0n) parts.push({ lot, amount: taken });
    left -= taken;
  }
  return parts;
}

/** Whether nothing of our own moved the mint between two looks: then what the wallet has in between belongs to these books. */
export const isUnmoved = (before: Books, after: Books): boolean =>
  !before.unfinished &&
  !after.unfinished &&
  before.lastFillSlot === after.lastFillSlot &&
  before.lots.length === after.lots.length &&
  before.lots.every((lot, index) => {
    const other = after.lots[index];
    return other !== undefined && isAsSeen(lot, other);
  });

const isAsSeen = (lot: Lot, other: Lot): boolean =>
  lot.position.positionId === other.position.positionId &&
  lot.position.status === other.position.status &&
  lot.position.exiting === other.position.exiting &&
  held(lot.position.totals) === held(other.position.totals) &&
  lot.exits === other.exits;
