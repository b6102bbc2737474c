/**
 * An index as a B-tree is one: the primary keys of some rows of a table, by group, and in the order of a value within it.
 *
 * Invariant: entries of one value stand in the order of their primary keys, text by its code units, so that there is one order.
 */
export type Name = string | number | bigint;

/** Where an entry stands in its group. */
export interface Place<Key extends Name> {
  readonly value: number | bigint;
  readonly key: Key;
}

export interface IndexShape<Row> {
  readonly group: (row: Row) => Name;
  /** Null: the row is not in the index. */
  readonly value: (row: Row) => number | bigint | null;
}

export class OrderedIndex<Row, Key extends Name> {
  readonly #shape: IndexShape<Row>;
  readonly #groups = new Map<Name, Place<Key>[]>();

  constructor(shape: IndexShape<Row>) {
    this.#shape = shape;
  }

  /** @param before - The row as it was; undefined: there was none. `after`: as it is. */
  change(key: Key, before: Row | undefined, after: Row | undefined): void {
    const old = before ? this.#shape.value(before) : null;
    const value = after ? this.#shape.value(after) : null;
    if (old === null && value === null) return;
    const from = before ? this.#shape.group(before) : null;
    const to = after ? this.#shape.group(after) : null;
    if (old === value && from === to) return;
    if (from !== null && old !== null) this.#remove(from, { value: old, key });
    if (to !== null && value !== null) this.#add(to, { value, key });
  }

  /** Those after the place, or all, in order. The table may not be written to in between. */
  *ascending(group: Name, after?: Place<Key>): Generator<Key> {
    const places = this.#groups.get(group) ?? [];
    for (let at = after ? firstAfter(places, after) : 0; at < places.length; at++) {
      const place = places[at];
      if (place) yield place.key;
    }
  }

  /** Those before the place, or all, the last one first. */
  *descending(group: Name, before?: Place<Key>): Generator<Key> {
    const places = this.#groups.get(group) ?? [];
    for (let at = (before ? firstNotBefore(places, before) : places.length) - 1; at >= 0; at--) {
      const place = places[at];
      if (place) yield place.key;
    }
  }

  #add(group: Name, place: Place<Key>): void {
    const places = this.#groups.get(group);
    if (!places) this.#groups.set(group, [place]);
    else places.splice(firstAfter(places, place), 0, place);
  }

  #remove(group: Name, place: Place<Key>): void {
    const places = this.#groups.get(group);
    if (!places) return;
    places.splice(firstNotBefore(places, place), 1);
    if (places.length === 0) this.#groups.delete(group);
  }
}

function firstNotBefore<Key extends Name>(places: readonly Place<Key>[], place: Place<Key>): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = places[middle];
    if (other && isBefore(other, place)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What comes last is what is added most often: it is looked for there first. */
function firstAfter<Key extends Name>(places: readonly Place<Key>[], place: Place<Key>): number {
  const last = places.at(-1);
  if (last && isBefore(last, place)) return places.length;
  const at = firstNotBefore(places, place);
  return places[at] && !isBefore(place, places[at]) ? at + 1 : at;
}

const isBefore = <Key extends Name>(a: Place<Key>, b: Place<Key>): boolean =>
  a.value < b.value || (a.value === b.value && a.key < b.key);
