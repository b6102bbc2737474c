// The tokens that trade here, at their mainnet addresses and with their mainnet decimals; and one that is made up.

import { PublicKey } from "@solana/web3.js";
import { associatedTokenAddress, NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./token.ts";
import type { TransferFee } from "./transfer-fee.ts";

export interface KnownMint {
  readonly address: PublicKey;
  readonly decimals: number;
  /** Such a mint is Token-2022's; all others here are SPL Token's. */
  readonly transferFee?: TransferFee;
}

const mint = (address: string, decimals: number): KnownMint => ({ address: new PublicKey(address), decimals });

export const SOL: KnownMint = { address: NATIVE_MINT, decimals: 9 };
export const USDC = mint("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6);
export const JUP = mint("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 6);
export const BONK = mint("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5);
export const WIF = mint("EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdMc65jm", 6);
export const JTO = mint("jtojtomepa8beP8AuQc6eXt5FriJwfFMwQx2v2f9mCL", 9);

/** Token-2022's with a fee on transfers: a hundredth, and no more than five tokens. */
export const FEE: KnownMint = {
  ...mint("FEEtokenWithATransferFee11111111111111111111", 6),
  transferFee: { bps: 100n, maximum: 5_000_000n },
};

export const MINTS: readonly KnownMint[] = [SOL, USDC, JUP, BONK, WIF, JTO, FEE];

export const tokenProgramOf = ({ transferFee }: KnownMint): PublicKey =>
  transferFee === undefined ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM;

/** By mint and owner: deriving one is a search on the curve, and every swap of a market names the same two. */
const holdings = new WeakMap<KnownMint, Map<string, PublicKey>>();

/** The owner's associated account of the mint. */
export function holdingOf(owner: PublicKey, mint: KnownMint): PublicKey {
  const ofMint = holdings.get(mint) ?? new Map<string, PublicKey>();
  holdings.set(mint, ofMint);
  const name = owner.toBase58();
  const known = ofMint.get(name);
  if (known) return known;
  const holding = associatedTokenAddress(owner, mint.address, tokenProgramOf(mint));
  ofMint.set(name, holding);
  return holding;
}
