// What is on the chain without a transaction having put it there: mints, balances, lookup tables.
//
// Invariant: everything written is an account the programs themselves could have made; in particular a
// wrapped-SOL account holds its rent reserve and exactly as many lamports more as it says it has tokens.

import { lamports } from "@solana/kit";
import { AddressLookupTableProgram, PublicKey } from "@solana/web3.js";
import type { Chain } from "./chain.ts";
import { type KnownMint, tokenProgramOf } from "./mints.ts";
import {
  addAmount,
  addSupply,
  associatedTokenAddress,
  encodeMint,
  encodeTokenAccount,
  NATIVE_MINT,
  TOKEN_ACCOUNT_LENGTH,
  TOKEN_PROGRAM,
} from "./token.ts";
import { FEE_ACCOUNT_LENGTH, withTransferFee, withWithheldAmount } from "./transfer-fee.ts";
import type { Account } from "./vm.ts";
import { addressOf } from "./wire-transaction.ts";

export interface Funds {
  readonly lamports?: bigint;
  readonly tokens?: readonly { readonly mint: PublicKey; readonly amount: bigint }[];
}

export function accountWith(at: PublicKey, owner: PublicKey, bytes: Uint8Array, balanceLamports: bigint): Account {
  return {
    address: addressOf(at),
    programAddress: addressOf(owner),
    data: Uint8Array.from(bytes),
    lamports: lamports(balanceLamports),
    executable: false,
    space: BigInt(bytes.length),
  };
}

export function createMints(chain: Chain, mints: readonly KnownMint[]): void {
  for (const mint of mints) {
    if (mint.address.equals(NATIVE_MINT)) continue; // the VM has it from the start
    const plain = encodeMint({ decimals: mint.decimals, supply: 0n });
    const bytes = mint.transferFee === undefined ? plain : withTransferFee(plain, mint.transferFee);
    const account = accountWith(mint.address, tokenProgramOf(mint), bytes, chain.rentExemption(bytes.length));
    chain.accounts.amend(account.address, () => account);
  }
}

/** Adds tokens to the owner's associated account, which is made where it is missing. */
export function addTokens(chain: Chain, owner: PublicKey, mint: PublicKey, amount: bigint): void {
  const program = chain.read(addressOf(mint))?.programAddress;
  if (program === undefined) throw new Error(`There is no mint ${mint.toBase58()}.`);
  const tokenProgram = new PublicKey(program);
  const at = associatedTokenAddress(owner, mint, tokenProgram);
  const native = mint.equals(NATIVE_MINT);
  const extended = !tokenProgram.equals(TOKEN_PROGRAM);
  const rentLamports = chain.rentExemption(extended ? FEE_ACCOUNT_LENGTH : TOKEN_ACCOUNT_LENGTH);
  const plain = encodeTokenAccount({ mint, owner, amount: 0n, rentReserveLamports: native ? rentLamports : null });
  const empty = extended ? withWithheldAmount(plain) : plain;
  chain.accounts.amend(addressOf(at), (account) => {
    const bytes = Buffer.from(account?.data ?? empty);
    addAmount(bytes, amount);
    return accountWith(at, tokenProgram, bytes, (account?.lamports ?? rentLamports) + (native ? amount : 0n));
  });
  if (native) return; // wrapped SOL has no supply of its own
  chain.accounts.amend(addressOf(mint), (account) => {
    if (account === null) throw new Error(`There is no mint ${mint.toBase58()}.`);
    const bytes = Buffer.from(account.data);
    addSupply(bytes, amount);
    return accountWith(mint, tokenProgram, bytes, account.lamports);
  });
}

/** Gives a wallet what it shall have, at every commitment at once and without a transaction. */
export function fund(chain: Chain, wallet: PublicKey, { lamports: amountLamports = 0n, tokens = [] }: Funds): void {
  if (amountLamports > 0n) chain.accounts.addLamports(addressOf(wallet), amountLamports);
  for (const { mint, amount } of tokens) addTokens(chain, wallet, mint, amount);
}

const LOOKUP_TABLE_HEADER = 56;
const NEVER_DEACTIVATED = 2n ** 64n - 1n;

export function createLookupTable(chain: Chain, at: PublicKey, addresses: readonly PublicKey[]): void {
  const bytes = Buffer.alloc(LOOKUP_TABLE_HEADER + 32 * addresses.length);
  bytes.writeUInt32LE(1, 0); // a table, not an uninitialised account
  bytes.writeBigUInt64LE(NEVER_DEACTIVATED, 4);
  addresses.forEach((key, index) => {
    key.toBuffer().copy(bytes, LOOKUP_TABLE_HEADER + 32 * index);
  });
  const account = accountWith(at, AddressLookupTableProgram.programId, bytes, chain.rentExemption(bytes.length));
  chain.accounts.amend(account.address, () => account);
}
