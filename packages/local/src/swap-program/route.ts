// The `route` instruction of the swap program, and the same arithmetic in bigint.

import { PublicKey, TransactionInstruction } from "@solana/web3.js";
import { TOKEN_PROGRAM } from "../chain/token.ts";

/** Jupiter v6's own address: what a client allows on mainnet is what it allows here. */
export const SWAP_PROGRAM = new PublicKey("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");

export const [EVENT_AUTHORITY] = PublicKey.findProgramAddressSync([Buffer.from("__event_authority")], SWAP_PROGRAM);

export const SLIPPAGE_TOLERANCE_EXCEEDED = 6001;

const DISCRIMINATOR = Buffer.from("e517cb977ae3ad2a", "hex"); // sha256("global:route")[0..8]
const TOKEN_SWAP = 3; // a swap of Jupiter's enum that has no payload
const ALL_OF_IT = 100; // percent of the input that the one step takes
const BPS = 10_000n;

export interface Route {
  readonly user: PublicKey;
  readonly source: PublicKey;
  readonly destination: PublicKey;
  readonly destinationMint: PublicKey;
  readonly pool: PublicKey;
  readonly vaultIn: PublicKey;
  readonly vaultOut: PublicKey;
  readonly amountIn: bigint;
  readonly quotedOut: bigint;
  readonly slippageBps: number;
}

/** What the pool pays: constant product, and a 400th of it, rounded up, stays in the pool. */
export function amountOut(reserveIn: bigint, reserveOut: bigint, amountIn: bigint): bigint {
  const gross = (reserveOut * amountIn) / (reserveIn + amountIn);
  return gross - (gross + 399n) / 400n;
}

/** The least the program lets a user receive, rounded down as the program does. */
export const minimumOut = (quotedOut: bigint, slippageBps: number): bigint =>
  (quotedOut * (BPS - BigInt(slippageBps))) / BPS;

function routeBytes({ amountIn, quotedOut, slippageBps }: Route): Buffer {
  const bytes = Buffer.alloc(35);
  DISCRIMINATOR.copy(bytes);
  bytes.writeUInt32LE(1, 8); // one step, from token 0 to token 1
  bytes.set([TOKEN_SWAP, ALL_OF_IT, 0, 1], 12);
  bytes.writeBigUInt64LE(amountIn, 16);
  bytes.writeBigUInt64LE(quotedOut, 24);
  bytes.writeUInt16LE(slippageBps, 32);
  return bytes; // and no platform fee
}

export function routeInstruction(route: Route): TransactionInstruction {
  const readonly = (pubkey: PublicKey) => ({ pubkey, isSigner: false, isWritable: false });
  const writable = (pubkey: PublicKey) => ({ pubkey, isSigner: false, isWritable: true });
  return new TransactionInstruction({
    programId: SWAP_PROGRAM,
    data: routeBytes(route),
    keys: [
      readonly(TOKEN_PROGRAM),
      { pubkey: route.user, isSigner: true, isWritable: false },
      writable(route.source),
      writable(route.destination),
      readonly(SWAP_PROGRAM), // no destination other than the user's
      readonly(route.destinationMint),
      readonly(SWAP_PROGRAM), // no platform fee account
      readonly(EVENT_AUTHORITY),
      readonly(SWAP_PROGRAM),
      writable(route.vaultIn),
      writable(route.vaultOut),
      readonly(route.pool),
    ],
  });
}
