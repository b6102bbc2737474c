// SPL Token's two account layouts and the associated token address: all that is needed of it here.

import type { ReadonlyUint8Array } from "@solana/kit";
import { PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";

export const TOKEN_PROGRAM = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022_PROGRAM = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const ASSOCIATED_TOKEN_PROGRAM = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
export const NATIVE_MINT = new PublicKey("So11111111111111111111111111111111111111112");

export const TOKEN_ACCOUNT_LENGTH = 165;
export const MINT_LENGTH = 82;
const AMOUNT_AT = 64;
const SUPPLY_AT = 36;
const INITIALIZED = 1;

export interface TokenAccount {
  readonly mint: PublicKey;
  readonly owner: PublicKey;
  readonly amount: bigint;
  /** Of a wrapped-SOL account: the lamports that are rent and not amount. */
  readonly rentReserveLamports: bigint | null;
}

export interface Mint {
  readonly decimals: number;
  readonly supply: bigint;
}

export function associatedTokenAddress(owner: PublicKey, mint: PublicKey, program = TOKEN_PROGRAM): PublicKey {
  const seeds = [owner.toBuffer(), program.toBuffer(), mint.toBuffer()];
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN_PROGRAM)[0];
}

/** Creates the owner's associated account of a mint, or does nothing where it exists. */
export function createAssociatedTokenAccount(
  payer: PublicKey,
  owner: PublicKey,
  mint: PublicKey,
  program = TOKEN_PROGRAM,
) {
  return new TransactionInstruction({
    programId: ASSOCIATED_TOKEN_PROGRAM,
    data: Buffer.from([1]), // CreateIdempotent
    keys: [
      { pubkey: payer, isSigner: true, isWritable: true },
      { pubkey: associatedTokenAddress(owner, mint, program), isSigner: false, isWritable: true },
      { pubkey: owner, isSigner: false, isWritable: false },
      { pubkey: mint, isSigner: false, isWritable: false },
      { pubkey: SystemProgram.programId, isSigner: false, isWritable: false },
      { pubkey: program, isSigner: false, isWritable: false },
    ],
  });
}

export function decodeTokenAccount(bytes: ReadonlyUint8Array): TokenAccount {
  const view = Buffer.from(bytes);
  return {
    mint: new PublicKey(view.subarray(0, 32)),
    owner: new PublicKey(view.subarray(32, 64)),
    amount: view.readBigUInt64LE(AMOUNT_AT),
    rentReserveLamports: view.readUInt32LE(109) === 1 ? view.readBigUInt64LE(113) : null,
  };
}

/** An initialised account without delegate or close authority. */
export function encodeTokenAccount({ mint, owner, amount, rentReserveLamports }: TokenAccount): Buffer {
  const bytes = Buffer.alloc(TOKEN_ACCOUNT_LENGTH);
  mint.toBuffer().copy(bytes, 0);
  owner.toBuffer().copy(bytes, 32);
  bytes.writeBigUInt64LE(amount, AMOUNT_AT);
  bytes[108] = INITIALIZED;
  if (rentReserveLamports !== null) {
    bytes.writeUInt32LE(1, 109);
    bytes.writeBigUInt64LE(rentReserveLamports, 113);
  }
  return bytes;
}

/** Adds to the amount of an encoded account and leaves the rest of it as it is. */
export function addAmount(bytes: Buffer, amount: bigint): void {
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(AMOUNT_AT) + amount, AMOUNT_AT);
}

/** Adds to the supply of an encoded mint. */
export function addSupply(bytes: Buffer, amount: bigint): void {
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(SUPPLY_AT) + amount, SUPPLY_AT);
}

export function decodeMint(bytes: ReadonlyUint8Array): Mint {
  const view = Buffer.from(bytes);
  return { supply: view.readBigUInt64LE(SUPPLY_AT), decimals: view.readUInt8(44) };
}

/** An initialised mint that nobody can mint from or freeze. */
export function encodeMint({ decimals, supply }: Mint): Buffer {
  const bytes = Buffer.alloc(MINT_LENGTH);
  bytes.writeBigUInt64LE(supply, SUPPLY_AT);
  bytes[44] = decimals;
  bytes[45] = INITIALIZED;
  return bytes;
}
