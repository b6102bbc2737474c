// The tokens that trade here, at their mainnet addresses and with their mainnet decimals.

import { PublicKey } from "@solana/web3.js";
import { NATIVE_MINT } from "./token.ts";

export interface KnownMint {
  readonly address: PublicKey;
  readonly decimals: number;
}

const mint = (address: string, decimals: number): KnownMint => ({ address: new PublicKey(address), decimals });

export const SOL: KnownMint = { address: NATIVE_MINT, decimals: 9 };
export const USDC = mint("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6);
export const JUP = mint("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 6);
export const BONK = mint("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5);
export const WIF = mint("EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdMc65jm", 6);
export const JTO = mint("jtojtomepa8beP8AuQc6eXt5FriJwfFMwQx2v2f9mCL", 9);

export const MINTS: readonly KnownMint[] = [SOL, USDC, JUP, BONK, WIF, JTO];
