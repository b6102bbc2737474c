// A transaction as it travels: the bytes, and what a node must know of them before running them.

import type { Address } from "@solana/kit";
import {
  AddressLookupTableAccount,
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  PublicKey,
  type VersionedMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import type { Account } from "./vm.ts";

/** What fits in one UDP packet of an IPv6 path: Solana's limit for signatures and message together. */
export const TRANSACTION_BYTES_MAX = 1232;

const SET_COMPUTE_UNIT_PRICE = 3;

const MEMO_PROGRAM = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

export interface WireTransaction {
  readonly bytes: Uint8Array;
  readonly signature: string;
  readonly message: VersionedMessage;
  /** A signature that is all zeros has not been made yet. */
  readonly fullySigned: boolean;
}

/** The keys a message names, in the order in which instructions and balances index them. */
export interface AccountKeys {
  readonly all: readonly Address[];
  readonly loaded: { readonly writable: readonly Address[]; readonly readonly: readonly Address[] };
}

const addresses = new Map<string, Address>();

/**
 * One string per address: base58 comes out as a rope of single characters, 1.4 kB each, and blocks keep
 * thousands. A cast and not kit's check, which would decode what was just encoded.
 */
export function addressOf(key: PublicKey): Address {
  const text = key.toBase58() as Address;
  const known = addresses.get(text);
  if (known === undefined) addresses.set(text, text);
  return known ?? text;
}

/** Throws when the bytes are not a legacy or v0 transaction. */
export function decodeTransaction(bytes: Uint8Array): WireTransaction {
  const { signatures, message } = VersionedTransaction.deserialize(bytes);
  const [first] = signatures;
  if (first === undefined) throw new Error("A transaction has at least one signature.");
  const fullySigned = signatures.every((signature) => signature.some((byte) => byte !== 0));
  return { bytes, signature: bs58.encode(first), message, fullySigned };
}

/** Static keys, then everything loaded writable, then everything loaded readonly; or why it cannot be resolved. */
export function resolveAccountKeys(
  message: VersionedMessage,
  read: (address: Address) => Account | null,
): AccountKeys | { readonly error: string } {
  const writable: Address[] = [];
  const readonly: Address[] = [];
  for (const lookup of message.addressTableLookups) {
    const table = read(addressOf(lookup.accountKey));
    if (table === null) return { error: "AddressLookupTableNotFound" };
    if (table.programAddress !== AddressLookupTableProgram.programId.toBase58())
      return { error: "InvalidAddressLookupTableOwner" };
    const { addresses } = AddressLookupTableAccount.deserialize(Uint8Array.from(table.data));
    const lists = [
      [lookup.writableIndexes, writable],
      [lookup.readonlyIndexes, readonly],
    ] as const;
    for (const [indexes, loaded] of lists) {
      for (const index of indexes) {
        const key = addresses[index];
        if (key === undefined) return { error: "InvalidAddressLookupTableIndex" };
        loaded.push(addressOf(key));
      }
    }
  }
  return {
    all: [...message.staticAccountKeys.map(addressOf), ...writable, ...readonly],
    loaded: { writable, readonly },
  };
}

export const writableKeys = (message: VersionedMessage, keys: AccountKeys): Address[] =>
  keys.all.filter((_key, index) => message.isAccountWritable(index));

/** What a transaction says to whoever reads it. */
export const memosOf = (message: VersionedMessage): string[] =>
  message.compiledInstructions
    .filter(({ programIdIndex }) => message.staticAccountKeys[programIdIndex]?.equals(MEMO_PROGRAM))
    .map(({ data }) => Buffer.from(data).toString());

/** The priority a transaction bids, in micro-lamports per compute unit. */
export function computeUnitPrice(message: VersionedMessage): bigint {
  for (const { programIdIndex, data } of message.compiledInstructions) {
    if (message.staticAccountKeys[programIdIndex]?.equals(ComputeBudgetProgram.programId) !== true) continue;
    if (data[0] === SET_COMPUTE_UNIT_PRICE && data.length === 9) return Buffer.from(data).readBigUInt64LE(1);
  }
  return 0n;
}
