/**
 * A message of version 0, taken apart by ourselves: what is inspected is what a runtime reads.
 *
 * Invariants: every byte is read and means one thing; every account is resolved, those of lookup tables from the tables
 * that our own node gave; an account is writable or signs as the header says, whatever an instruction would have.
 *
 * Source: docs.anza.xyz, "Versioned Transactions"; agave `solana-message`, `v0::Message`.
 */
import { Reader } from "./reader.ts";
import { Unsafe } from "./unsafe.ts";

export interface AccountUse {
  /** Base58. */
  readonly address: string;
  readonly isSigner: boolean;
  readonly isWritable: boolean;
}

export interface Instruction {
  /** Base58. */
  readonly program: string;
  readonly accounts: readonly AccountUse[];
  readonly data: Buffer;
}

export interface Message {
  /** Those in the message first, then the looked-up ones that are written, then those that are read. */
  readonly accounts: readonly AccountUse[];
  readonly signatures: number;
  readonly instructions: readonly Instruction[];
}

/** Address of a lookup table → the addresses in it. */
export type LookupTables = ReadonlyMap<string, readonly string[]>;

interface Header {
  readonly signatures: number;
  readonly readonlySigned: number;
  readonly readonlyUnsigned: number;
}

interface Lookup {
  readonly table: string;
  readonly writable: readonly number[];
  readonly readonly: readonly number[];
}

interface Parts {
  readonly header: Header;
  readonly keys: readonly string[];
  readonly instructions: readonly { readonly program: number; readonly accounts: Buffer; readonly data: Buffer }[];
  readonly lookups: readonly Lookup[];
}

/** The first byte: a version, 0, told from a message without one by its highest bit. */
const VERSION_0 = 0x80;

/** The tables that a message looks addresses up in. */
export const tablesOf = ({ lookups }: Parts): readonly string[] => lookups.map(({ table }) => table);

/** @throws Unsafe */
export const decodeMessage = (message: Uint8Array, tables: LookupTables): Message =>
  resolve(readMessage(message), tables);

/** @throws Unsafe when an address is in none of the tables, or an instruction names an account that is not there. */
export function resolve({ header, keys, instructions, lookups }: Parts, tables: LookupTables): Message {
  const accounts = [
    ...keys.map((address, index) => usedAt(header, keys.length, address, index)),
    ...found(lookups, tables),
  ];
  const addresses = new Set(accounts.map(({ address }) => address));
  if (addresses.size < accounts.length) throw new Unsafe("message", "an account stands in it more than once");
  return {
    accounts,
    signatures: header.signatures,
    instructions: instructions.map(({ program, accounts: indexes, data }) => ({
      program: accountAt(accounts, program).address,
      accounts: [...indexes].map((index) => accountAt(accounts, index)),
      data,
    })),
  };
}

/** Everything that its bytes say by themselves. @throws Unsafe */
export function readMessage(message: Uint8Array): Parts {
  try {
    const reader = new Reader(message);
    const version = reader.u8();
    if (version !== VERSION_0)
      throw new RangeError(`it begins with ${version}: a message of version 0 with ${VERSION_0}`);
    const header = { signatures: reader.u8(), readonlySigned: reader.u8(), readonlyUnsigned: reader.u8() };
    const keys = reader.list(reader.compactU16(), reader.address);
    reader.take(32); // the blockhash
    const instructions = reader.list(reader.compactU16(), () => ({
      program: reader.u8(),
      accounts: reader.take(reader.compactU16()),
      data: reader.take(reader.compactU16()),
    }));
    const lookups = reader.list(reader.compactU16(), () => ({
      table: reader.address(),
      writable: [...reader.take(reader.compactU16())],
      readonly: [...reader.take(reader.compactU16())],
    }));
    reader.end();
    if (header.readonlySigned >= header.signatures || header.signatures + header.readonlyUnsigned > keys.length) {
      throw new RangeError("its header counts more accounts than there are");
    }
    return { header, keys, instructions, lookups };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Unsafe("message", error.message);
  }
}

function usedAt(header: Header, keys: number, address: string, index: number): AccountUse {
  const isSigner = index < header.signatures;
  const isWritable = isSigner
    ? index < header.signatures - header.readonlySigned
    : index < keys - header.readonlyUnsigned;
  return { address, isSigner, isWritable };
}

/** As a runtime appends them: of all tables those that are written, then of all tables those that are read. */
function found(lookups: readonly Lookup[], tables: LookupTables): readonly AccountUse[] {
  const take = (isWritable: boolean) =>
    lookups.flatMap(({ table, ...indexes }) =>
      (isWritable ? indexes.writable : indexes.readonly).map((index): AccountUse => {
        const address = tables.get(table)?.[index];
        if (!address) throw new Unsafe("lookup_table", `there is no address ${index} in the lookup table ${table}`);
        return { address, isSigner: false, isWritable };
      }),
    );
  return [...take(true), ...take(false)];
}

function accountAt(accounts: readonly AccountUse[], index: number): AccountUse {
  const account = accounts[index];
  if (!account) throw new Unsafe("message", `an instruction names account ${index} of ${accounts.length}`);
  return account;
}
