/**
 * The stream of changes to the book, in memory, as Redis keeps one.
 *
 * Invariants: one that was kept is as it was, however often it is gone on from; ids only grow, and with the clock, so that
 * a cursor from before everything was lost still comes before what is appended after it; of what came before the last
 * CHANGES_MAX nothing is known any more.
 */
import type { BookChange } from "../../src/stop/book.ts";
import { CHANGES_MAX, START } from "../../src/stop/watch.store.ts";

/** The last change and all before it: one more leaves them where they are. */
export interface Changes {
  readonly id: ChangeId;
  readonly change: BookChange;
  readonly before: Changes | null;
  /** How many there are, this one included. */
  readonly length: number;
}

/** When the change came, and its number within that millisecond. */
interface ChangeId {
  readonly at: number;
  readonly number: number;
}

export function withChange(changes: Changes | null, change: BookChange, now: number): Changes {
  const before = changes && changes.length >= 2 * CHANGES_MAX ? trimmed(changes) : changes;
  return { id: nextId(changes, now), change, before, length: (before?.length ?? 0) + 1 };
}

export const cursorOf = (changes: Changes | null): string =>
  changes ? `${changes.id.at}-${changes.id.number}` : START;

/** The changes after `cursor`, oldest first. */
export function changesAfter(
  changes: Changes | null,
  cursor: string,
): { readonly changes: readonly BookChange[]; readonly cursor: string } {
  const found = latest(changes, isAfter(cursor)).reverse();
  return { changes: found.map(({ change }) => change), cursor: found.length > 0 ? cursorOf(changes) : cursor };
}

/** Never below the one before it, whatever the clock does. */
const nextId = (before: Changes | null, now: number): ChangeId =>
  before === null || now > before.id.at ? { at: now, number: 0 } : { at: before.id.at, number: before.id.number + 1 };

function isAfter(cursor: string): (changes: Changes) => boolean {
  const [at = 0, number = 0] = cursor.split("-").map(Number);
  return ({ id }) => id.at > at || (id.at === at && id.number > number);
}

/** Newest first, while they are wanted. */
function latest(changes: Changes | null, isWanted: (changes: Changes) => boolean): Changes[] {
  const found: Changes[] = [];
  let each = changes;
  for (; each && found.length < CHANGES_MAX && isWanted(each); each = each.before) found.push(each);
  return found;
}

/** Frees what is not read any more. Seldom, since it makes anew what is. */
const trimmed = (changes: Changes): Changes | null =>
  latest(changes, () => true).reduceRight<Changes | null>(
    (before, each) => ({ ...each, before, length: (before?.length ?? 0) + 1 }),
    null,
  );
