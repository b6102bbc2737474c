/**
 * The stream of changes to the book, in memory, as Redis keeps one.
 *
 * Invariants: one that was kept is as it was, however often it is gone on from; ids only grow, and with the clock, so that
 * a cursor from before everything was lost still comes before what is appended after it; of what came before the last
 * CHANGES_MAX nothing is known any more.
 */
import type { BookChange } from "../../src/stop/book.ts";
import { CHANGES_MAX } from "../../src/stop/watch.store.ts";

/** The last change and all before it: one more leaves them where they are. */
export interface Changes {
  readonly id: ChangeId;
  /** Null: how they began. */
  readonly change: BookChange | null;
  readonly before: Changes | null;
  /** How many there are, this one included. */
  readonly length: number;
}

/** When the change came, and its number within that millisecond. */
interface ChangeId {
  readonly at: number;
  readonly number: number;
}

export function withChange(changes: Changes | null, change: BookChange | null, now: number): Changes {
  const before = changes && changes.length >= 2 * CHANGES_MAX ? trimmed(changes) : changes;
  return { id: nextId(changes, now), change, before, length: (before?.length ?? 0) + 1 };
}

export const cursorOf = ({ id }: Changes): string => `${id.at}-${id.number}`;

/** Whether the one at `cursor` is still there, and with it all that came after. */
export function isThere(changes: Changes | null, cursor: string): boolean {
  const distance = after(cursor);
  const last = latest(changes, (each) => distance(each) >= 0).at(-1);
  return last !== undefined && distance(last) === 0;
}

/** The changes after `cursor`, oldest first. */
export function changesAfter(
  changes: Changes | null,
  cursor: string,
): { readonly changes: readonly BookChange[]; readonly cursor: string } {
  const distance = after(cursor);
  const found = latest(changes, (each) => distance(each) > 0).reverse();
  const last = found.at(-1);
  return { changes: found.flatMap(({ change }) => change ?? []), cursor: last ? cursorOf(last) : cursor };
}

/** Never below the one before it, whatever the clock does. */
const nextId = (before: Changes | null, now: number): ChangeId =>
  before === null || now > before.id.at ? { at: now, number: 0 } : { at: before.id.at, number: before.id.number + 1 };

/** How far after `cursor` it is; 0: it is the one. */
function after(cursor: string): (changes: Changes) => number {
  const [at = 0, number = 0] = cursor.split("-").map(Number);
  return ({ id }) => (id.at === at ? id.number - number : id.at - at);
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
