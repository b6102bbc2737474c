/**
 * Who and what stands in the specimens.
 *
 * Invariant: the same in every run; nobody is random.
 */
import { createHash } from "node:crypto";
import type { Mint } from "@backstop/core/market/mint";
import { mint } from "@backstop/core/market/mint";
import { PublicKey } from "@solana/web3.js";

/** An address by its name, of which nobody has the key. */
export const named = (name: string): PublicKey => new PublicKey(createHash("sha256").update(name).digest());

/** The first bytes of an address, and others behind: what a person compares. */
export function lookAlike(address: PublicKey): PublicKey {
  const bytes = address.toBuffer();
  bytes.fill(7, 28);
  return new PublicKey(bytes);
}

export const WALLET = named("wallet");
export const ATTACKER = named("attacker");

export const JUPITER_PROGRAM = new PublicKey("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
export const TOKEN_PROGRAM = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022_PROGRAM = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const ASSOCIATED_TOKEN_PROGRAM = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
export const MEMO_PROGRAM = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
export const LIGHTHOUSE_PROGRAM = new PublicKey("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95");

/** One of Jito's. */
export const TIP_ACCOUNT = new PublicKey("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5");

/** A mint, and the token program it belongs to. */
export interface Token {
  readonly mint: Mint;
  readonly address: PublicKey;
  readonly program: PublicKey;
  /** Wrapped SOL: what is in its accounts is lamports. */
  readonly isNative: boolean;
}

const token = (address: string, program: PublicKey, isNative = false): Token => ({
  mint: mint(address),
  address: new PublicKey(address),
  program,
  isNative,
});

export const USDC = token("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", TOKEN_PROGRAM);
export const SOL = token("So11111111111111111111111111111111111111112", TOKEN_PROGRAM, true);
export const JUP = token("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", TOKEN_PROGRAM);
export const PYUSD = token("2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo", TOKEN_2022_PROGRAM);
export const OTHER_2022 = token(named("a mint of Token-2022").toBase58(), TOKEN_2022_PROGRAM);
/** In no trade. */
export const THIRD = token(named("a third mint").toBase58(), TOKEN_PROGRAM);

/** The associated token account. */
export function accountOf(owner: PublicKey, { address, program }: Token): PublicKey {
  const seeds = [owner.toBuffer(), program.toBuffer(), address.toBuffer()];
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN_PROGRAM)[0];
}

/** Of ours, and in no trade: what a transaction may not touch. */
export const OUR_OTHERS = {
  tokens: accountOf(WALLET, THIRD),
  /** Of a mint of the trade, but not where the engine holds it. */
  secondUsdc: named("a second USDC account of the wallet"),
  stake: named("a stake account of the wallet"),
  nonce: named("a nonce account of the wallet"),
} as const;
