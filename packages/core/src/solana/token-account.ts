/** Where a wallet holds a mint: its associated token account, derived, never looked up. */
import { PublicKey } from "@solana/web3.js";
import type { Mint } from "../market/mint.ts";

export const TOKEN_PROGRAM = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const ASSOCIATED_TOKEN_PROGRAM = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/** Base58 address of the wallet's associated token account of the mint. */
export function tokenAccount(wallet: string, mint: Mint): string {
  const seeds = [new PublicKey(wallet).toBuffer(), TOKEN_PROGRAM.toBuffer(), new PublicKey(mint).toBuffer()];
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN_PROGRAM)[0].toBase58();
}
