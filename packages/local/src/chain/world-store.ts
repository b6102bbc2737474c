/**
 * A world on disk: every block with the accounts it changed, in one transaction and before anybody can ask for it, so that
 * what was told is there after any end of this process, `kill -9` included.
 *
 * Invariants: one process has the file; what is loaded is the world as of one block, whole.
 */
import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import type { Address } from "@solana/kit";
import type { KeptReference } from "../venue/reference.ts";
import type { BlockRecord } from "./accounts.ts";
import type { KeptChain } from "./chain.ts";
import { type Block, LEDGER_BLOCKS_MAX } from "./ledger.ts";
import type { Account } from "./vm.ts";

/** By symbol. */
export type KeptReferences = Readonly<Record<string, KeptReference>>;

export interface KeptWorld {
  readonly chain: KeptChain;
  readonly references: KeptReferences;
}

/** From one block to the next. */
export interface WorldChanges {
  /** Consecutive, oldest first; they take the place of any of their height or higher, which a fork has lost. */
  readonly blocks: readonly Block[];
  readonly records: readonly BlockRecord[];
  readonly accounts: ReadonlyMap<Address, Account | null>;
  readonly references: KeptReferences;
}

// A commit reaches the operating system before it returns; only a machine that loses its power may lose the last ones.
const SETUP = `
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma synchronous = normal;
  create table if not exists block (height integer primary key, block blob not null, before blob) strict;
  create table if not exists account (address text primary key, account blob not null) strict;
  create table if not exists reference (symbol text primary key, reference text not null) strict;`;

export class WorldStore {
  readonly #database: DatabaseSync;

  /** @throws Error when another process has the file. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    try {
      this.#database.exec(SETUP);
    } catch (cause) {
      this.#database.close();
      throw new Error(`${file} cannot be opened, perhaps another run is using it: ${String(cause)}`, { cause });
    }
  }

  /** Undefined: nothing was kept yet. */
  load(): KeptWorld | undefined {
    const rows = this.#database.prepare("select height, block, before from block order by height").all();
    if (rows.length === 0) return undefined;
    const bytes = (value: unknown) => deserialize(value as Uint8Array);
    const accounts = this.#database.prepare("select account from account").all();
    const references = this.#database.prepare("select symbol, reference from reference").all();
    return {
      chain: {
        blocks: rows.map((row) => bytes(row["block"])),
        records: rows.flatMap((row) =>
          row["before"] === null ? [] : [{ height: Number(row["height"]), before: bytes(row["before"]) }],
        ),
        accounts: accounts.map((row) => bytes(row["account"])),
      },
      references: Object.fromEntries(
        references.map((row) => [String(row["symbol"]), JSON.parse(String(row["reference"]))]),
      ),
    };
  }

  save(changes: WorldChanges): void {
    this.#database.exec("begin immediate");
    try {
      this.#write(changes);
      this.#database.exec("commit");
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #write({ blocks, records, accounts, references }: WorldChanges): void {
    const [first, tip] = [blocks[0], blocks.at(-1)];
    if (!first || !tip) return;
    const run = (sql: string, ...values: (string | number | Uint8Array | null)[]) =>
      this.#database.prepare(sql).run(...values);
    run("delete from block where height >= ? or height <= ?", first.height, tip.height - LEDGER_BLOCKS_MAX);
    for (const block of blocks) {
      const before = records.find((record) => record.height === block.height)?.before;
      run("insert into block values (?, ?, ?)", block.height, serialize(block), before ? serialize(before) : null);
    }
    for (const [address, account] of accounts) {
      if (account === null) run("delete from account where address = ?", address);
      else run("insert or replace into account values (?, ?)", address, serialize(account));
    }
    for (const [symbol, reference] of Object.entries(references)) {
      run("insert or replace into reference values (?, ?)", symbol, JSON.stringify(reference));
    }
  }
}
