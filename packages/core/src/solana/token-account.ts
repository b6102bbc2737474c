/**
 * Where a wallet holds a mint: its associated token account, derived, never looked up.
 *
 * Invariant: a mint belongs to one token program, and only under that one can the account exist; which one it is need not
 * be known, because the account under the other is not there.
 */
import { type AccountInfo, PublicKey } from "@solana/web3.js";
import type { Mint } from "../market/mint.ts";

export const TOKEN_PROGRAM = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022_PROGRAM = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const ASSOCIATED_TOKEN_PROGRAM = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/** SPL Token's account layout, with which those of Token-2022 begin: mint 32, owner 32, amount u64 little endian. */
const OWNER_AT = 32;
const AMOUNT_AT = 64;

/** Base58 address of the wallet's associated token account of the mint, under the program the mint belongs to. */
export function tokenAccount(wallet: string, mint: Mint, program: PublicKey): string {
  const seeds = [new PublicKey(wallet).toBuffer(), program.toBuffer(), new PublicKey(mint).toBuffer()];
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN_PROGRAM)[0].toBase58();
}

/** Under either program; one of the two at most is there. */
export const tokenAccounts = (wallet: string, mint: Mint): readonly [string, string] => [
  tokenAccount(wallet, mint, TOKEN_PROGRAM),
  tokenAccount(wallet, mint, TOKEN_2022_PROGRAM),
];

/**
 * What the wallet holds of the mint in the account. Anybody may send lamports to a derived address that is not in use: an
 * account that no token program owns holds nothing, and neither does one whose tokens were signed over to somebody else.
 */
export function heldIn(account: AccountInfo<Buffer> | null, wallet: string, mint: Mint): bigint {
  if (!account?.owner.equals(TOKEN_PROGRAM) && !account?.owner.equals(TOKEN_2022_PROGRAM)) return 0n;
  const { data } = account;
  const isOurs =
    new PublicKey(data.subarray(0, OWNER_AT)).toBase58() === mint &&
    new PublicKey(data.subarray(OWNER_AT, AMOUNT_AT)).toBase58() === wallet;
  return isOurs ? data.readBigUInt64LE(AMOUNT_AT) : 0n;
}
