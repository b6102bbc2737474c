/**
 * A table in memory, with its constraints and indexes.
 *
 * Invariants:
 * - a row is never changed but replaced, so what was read stays what it was;
 * - a row is written only if every constraint allows it, in the order in which Postgres asks them: checks by their names, then
 *   the primary key, then the unique indexes as they were created, and references when the statement has written all;
 * - a statement that is refused has changed nothing, but for the numbers it took from a sequence.
 */
import { type IndexShape, type Name, OrderedIndex, type Place } from "./ordered-index.ts";

const CODES = { unique: "23505", check: "23514", reference: "23503" } as const;

/** What Postgres says when a constraint refuses a row. */
export class ConstraintViolation extends Error {
  readonly code: (typeof CODES)[keyof typeof CODES];
  readonly constraint: string;

  constructor(kind: keyof typeof CODES, table: string, constraint: string) {
    super(`a row of "${table}" violates the ${kind} constraint "${constraint}"`);
    this.name = "ConstraintViolation";
    this.code = CODES[kind];
    this.constraint = constraint;
  }
}

export interface TableShape<Row, Key extends Name, Unique extends string, Index extends string> {
  readonly name: string;
  readonly primaryKey: { readonly name: string; readonly of: (row: Row) => Key };
  readonly checks?: Readonly<Record<string, (row: Row) => boolean>>;
  /** Null: the row is not in the index. */
  readonly unique: Readonly<Record<Unique, (row: Row) => Name | null>>;
  /** Those of columns that never change: an update does not ask them. */
  readonly fixed?: readonly NoInfer<Unique>[];
  /** Whether the row is there that a new one names. */
  readonly references?: Readonly<Record<string, (row: Row) => boolean>>;
  readonly indexes: Readonly<Record<Index, IndexShape<Row>>>;
}

/** What one statement has written, so that it can be taken back, and what is asked of it when it has written all. */
export class Journal {
  readonly #undo: (() => void)[] = [];
  readonly #checks: (() => void)[] = [];
  #isOpen = false;

  /** All of it, or nothing. What is written without one stays. */
  statement<Answer>(run: () => Answer): Answer {
    this.#isOpen = true;
    try {
      const answer = run();
      for (const check of this.#checks) check();
      return answer;
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo();
      throw error;
    } finally {
      this.#undo.length = 0;
      this.#checks.length = 0;
      this.#isOpen = false;
    }
  }

  note(undo: () => void): void {
    if (this.#isOpen) this.#undo.push(undo);
  }

  atTheEnd(check: () => void): void {
    if (this.#isOpen) this.#checks.push(check);
    else check();
  }
}

interface UniqueIndex<Row, Key> {
  readonly keyOf: (row: Row) => Name | null;
  readonly isFixed: boolean;
  refuses: boolean;
  readonly keys: Map<Name, Key>;
}

export class Table<Row, Key extends Name, Unique extends string, Index extends string> {
  readonly #shape: TableShape<Row, Key, Unique, Index>;
  readonly #journal: Journal;
  readonly #rows = new Map<Key, Row>();
  readonly #checks: Map<string, (row: Row) => boolean>;
  readonly #unique: ReadonlyMap<Unique, UniqueIndex<Row, Key>>;
  readonly #indexes: ReadonlyMap<Index, OrderedIndex<Row, Key>>;

  constructor(journal: Journal, shape: TableShape<Row, Key, Unique, Index>) {
    this.#shape = shape;
    this.#journal = journal;
    this.#checks = new Map(Object.entries(shape.checks ?? {}));
    const isFixed = (name: Unique) => shape.fixed?.includes(name) ?? false;
    this.#unique = new Map(
      namesOf(shape.unique).map((name) => [
        name,
        { keyOf: shape.unique[name], isFixed: isFixed(name), refuses: true, keys: new Map() },
      ]),
    );
    this.#indexes = new Map(namesOf(shape.indexes).map((name) => [name, new OrderedIndex(shape.indexes[name])]));
  }

  /** From now on no row has to keep it: for showing what it is for. */
  drop(constraint: string): void {
    this.#checks.delete(constraint);
    const unique = this.#unique.get(constraint as Unique);
    if (unique) unique.refuses = false;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** In the order in which they were inserted. */
  values(): Iterable<Row> {
    return this.#rows.values();
  }

  get(key: Key): Row | undefined {
    return this.#rows.get(key);
  }

  /** The row that another one names. @throws TypeError when it is not there. */
  named(key: Key): Row {
    const row = this.#rows.get(key);
    if (row === undefined) throw new TypeError(`there is no row ${key} of "${this.#shape.name}"`);
    return row;
  }

  /** The row that has this value in a unique index. */
  find(unique: Unique, value: Name): Row | undefined {
    const key = this.#unique.get(unique)?.keys.get(value);
    return key === undefined ? undefined : this.#rows.get(key);
  }

  /** Rows of a group in the order of the index, those after a place or all. The table may not be written to in between. */
  *ascending(index: Index, group: Name, after?: Place<Key>): Generator<Row> {
    for (const key of this.#indexes.get(index)?.ascending(group, after) ?? []) yield this.named(key);
  }

  *descending(index: Index, group: Name, before?: Place<Key>): Generator<Row> {
    for (const key of this.#indexes.get(index)?.descending(group, before) ?? []) yield this.named(key);
  }

  insert(row: Row): void {
    const key = this.#shape.primaryKey.of(row);
    this.#check(row);
    if (this.#rows.has(key)) throw this.#violation("unique", this.#shape.primaryKey.name);
    this.#write(key, undefined, row);
    const { references } = this.#shape;
    if (references) this.#journal.atTheEnd(() => this.#refer(references, row));
  }

  update(key: Key, change: Partial<Row>): void {
    const before = this.named(key);
    const after = { ...before, ...change };
    this.#check(after);
    this.#write(key, before, after);
  }

  #check(row: Row): void {
    for (const [name, allows] of this.#checks) if (!allows(row)) throw this.#violation("check", name);
  }

  #refer(references: Readonly<Record<string, (row: Row) => boolean>>, row: Row): void {
    for (const [name, isThere] of Object.entries(references))
      if (!isThere(row)) throw this.#violation("reference", name);
  }

  #write(key: Key, before: Row | undefined, after: Row): void {
    for (const [name, { keyOf, isFixed, refuses, keys }] of this.#unique) {
      if (!refuses || (before && isFixed)) continue;
      const value = keyOf(after);
      if (value !== null && (keys.get(value) ?? key) !== key) throw this.#violation("unique", name);
    }
    this.#journal.note(() => this.#put(key, after, before));
    this.#put(key, before, after);
  }

  #put(key: Key, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) this.#rows.delete(key);
    else this.#rows.set(key, after);
    for (const { keyOf, isFixed, keys } of this.#unique.values()) {
      if (before && after && isFixed) continue;
      const [old, value] = [before ? keyOf(before) : null, after ? keyOf(after) : null];
      if (old === value) continue;
      if (old !== null && keys.get(old) === key) keys.delete(old);
      if (value !== null) keys.set(value, key);
    }
    for (const index of this.#indexes.values()) index.change(key, before, after);
  }

  #violation(kind: keyof typeof CODES, constraint: string): ConstraintViolation {
    return new ConstraintViolation(kind, this.#shape.name, constraint);
  }
}

const namesOf = <Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] =>
  Object.keys(record) as Key[];
