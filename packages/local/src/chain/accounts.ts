// Accounts through time: the VM's present, and for the newest blocks what their accounts were before them.
//
// Invariants: before a block changes an account the first time, the old account is in the block's
// record; undoing the records newest first gives exactly the older state; nothing is kept that is older
// than what is final to the node that lags the most, because nobody may ask for it.

import { type Address, lamports } from "@solana/kit";
import { DEPTH } from "./commitment.ts";
import { type Account, SYSTEM_PROGRAM, type Vm } from "./vm.ts";

/** How far behind the chain a node may be: past the 150 blocks in which a transaction can land. */
export const LAG_BLOCKS_MAX = 200;

const RECORDS_MAX = DEPTH.finalized + LAG_BLOCKS_MAX;

/** What the accounts that a block changed were before it. */
export interface BlockRecord {
  readonly height: number;
  readonly before: Map<Address, Account | null>;
}

const NONE: readonly BlockRecord[] = [];

export class Accounts {
  readonly #vm: Vm;
  readonly #records: BlockRecord[] = [];
  /** What may have changed since somebody last took the changes. */
  readonly #changed = new Set<Address>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Puts in what was taken from another instance, whose newest records these are. */
  restore(accounts: readonly Account[], records: readonly BlockRecord[]): void {
    for (const account of accounts) this.#vm.write(account.address, account);
    this.#records.push(...records.slice(-RECORDS_MAX));
  }

  /** Accounts as they are now, of which some may have changed since the last call; null: there is none. */
  takeChanges(): ReadonlyMap<Address, Account | null> {
    const changes = new Map([...this.#changed].map((at) => [at, this.#vm.read(at)]));
    this.#changed.clear();
    return changes;
  }

  /** Of consecutive blocks up to the newest one, oldest first. */
  get records(): readonly BlockRecord[] {
    return this.#records;
  }

  openBlock(height: number): void {
    this.#records.push({ height, before: new Map() });
    if (this.#records.length > RECORDS_MAX) this.#records.shift();
  }

  /** To be called before the block being built may change the account. */
  remember(at: Address): void {
    this.#changed.add(at);
    const before = this.#records.at(-1)?.before;
    if (before?.has(at) === false) before.set(at, this.#vm.read(at));
  }

  /** The account as the block of that height left it. */
  read(at: Address, height: number): Account | null {
    for (const { before } of this.#after(height)) {
      const account = before.get(at);
      if (account !== undefined) return account;
    }
    return this.#vm.read(at);
  }

  /** The account in the middle of the block being built. */
  present(at: Address): Account | null {
    return this.#vm.read(at);
  }

  /** Changes an account in the block being built. */
  change(at: Address, edit: (account: Account | null) => Account): void {
    this.remember(at);
    this.#vm.write(at, edit(this.#vm.read(at)));
  }

  ownedBy(program: Address, height: number): Account[] {
    const candidates = new Set(this.#vm.ownedBy(program).map((account) => account.address));
    for (const { before } of this.#records) for (const at of before.keys()) candidates.add(at);
    return [...candidates].flatMap((at) => {
      const account = this.read(at, height);
      return account?.programAddress === program ? [account] : [];
    });
  }

  /** Changes an account from outside the chain, as though it had always been so: at every commitment. */
  amend(at: Address, edit: (account: Account | null) => Account): void {
    for (const { before } of this.#records) {
      const account = before.get(at);
      if (account !== undefined) before.set(at, edit(account));
    }
    this.#changed.add(at);
    this.#vm.write(at, edit(this.#vm.read(at)));
  }

  addLamports(at: Address, amount: bigint): void {
    this.amend(at, (account) => ({
      address: at,
      data: account?.data ?? new Uint8Array(),
      executable: false,
      programAddress: account?.programAddress ?? SYSTEM_PROGRAM,
      space: account?.space ?? 0n,
      lamports: lamports((account?.lamports ?? 0n) + amount),
    }));
  }

  /** Runs with the given accounts as they were at that height, and puts the present back. */
  asOf<T>(height: number, addresses: readonly Address[], run: () => T): T {
    const records = this.#after(height);
    const isNewer = (at: Address) => records.some(({ before }) => before.has(at));
    const newer = addresses.filter(isNewer).map((at) => ({ at, present: this.#vm.read(at) }));
    for (const { at } of newer) this.#vm.write(at, this.read(at, height));
    try {
      return run();
    } finally {
      for (const { at, present } of newer) this.#vm.write(at, present);
    }
  }

  /** Takes back the newest block. */
  undoBlock(): void {
    const record = this.#records.pop();
    if (record === undefined) throw new Error("There is no block to take back.");
    for (const [at, account] of record.before) {
      this.#changed.add(at);
      this.#vm.write(at, account);
    }
  }

  /** The records of the blocks above that height. */
  #after(height: number): readonly BlockRecord[] {
    const newest = this.#records.at(-1)?.height ?? height;
    return newest > height ? this.#records.slice(height - newest) : NONE;
  }
}
