// The `route` instruction of the swap program, and the same arithmetic in bigint.

import { PublicKey, TransactionInstruction } from "@solana/web3.js";
import { holdingOf, type KnownMint, tokenProgramOf } from "../chain/mints.ts";
import { TOKEN_PROGRAM } from "../chain/token.ts";
import { withheld } from "../chain/transfer-fee.ts";

/** Jupiter v6's own address: what a client allows on mainnet is what it allows here. */
export const SWAP_PROGRAM = new PublicKey("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");

export const [EVENT_AUTHORITY] = PublicKey.findProgramAddressSync([Buffer.from("__event_authority")], SWAP_PROGRAM);

export const SLIPPAGE_TOLERANCE_EXCEEDED = 6001;

/** Accounts of the instruction, the pool's among them; three more where a mint is Token-2022's. */
export const ROUTE_ACCOUNTS = 12;

const DISCRIMINATOR = Buffer.from("e517cb977ae3ad2a", "hex"); // sha256("global:route")[0..8]
const TOKEN_SWAP = 3; // a swap of Jupiter's enum that has no payload
const ALL_OF_IT = 100; // percent of the input that the one step takes
const BPS = 10_000n;

export interface Route {
  readonly user: PublicKey;
  readonly input: KnownMint;
  readonly output: KnownMint;
  readonly pool: PublicKey;
  readonly vaultIn: PublicKey;
  readonly vaultOut: PublicKey;
  readonly amountIn: bigint;
  readonly quotedOut: bigint;
  readonly slippageBps: number;
}

/** What the pool pays for what it received: constant product, and a 400th of it, rounded up, stays in the pool. */
export function amountOut(reserveIn: bigint, reserveOut: bigint, amountIn: bigint): bigint {
  const gross = (reserveOut * amountIn) / (reserveIn + amountIn);
  return gross - (gross + 399n) / 400n;
}

/** What a user receives who sends `amountIn`: both transfers may withhold a fee on their way. */
export function amountReceived(
  { input, output }: Pick<Route, "input" | "output">,
  { reserveIn, reserveOut }: { readonly reserveIn: bigint; readonly reserveOut: bigint },
  amountIn: bigint,
): bigint {
  const paid = amountOut(reserveIn, reserveOut, amountIn - withheld(amountIn, input.transferFee));
  return paid - withheld(paid, output.transferFee);
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
  const programs = [tokenProgramOf(route.input), tokenProgramOf(route.output)];
  const checked = programs.every((program) => program.equals(TOKEN_PROGRAM)) ? [] : [route.input.address, ...programs];
  return new TransactionInstruction({
    programId: SWAP_PROGRAM,
    data: routeBytes(route),
    keys: [
      readonly(TOKEN_PROGRAM),
      { pubkey: route.user, isSigner: true, isWritable: false },
      writable(holdingOf(route.user, route.input)),
      writable(holdingOf(route.user, route.output)),
      readonly(SWAP_PROGRAM), // no destination other than the user's
      readonly(route.output.address),
      readonly(SWAP_PROGRAM), // no platform fee account
      readonly(EVENT_AUTHORITY),
      readonly(SWAP_PROGRAM),
      writable(route.vaultIn),
      writable(route.vaultOut),
      readonly(route.pool),
      ...checked.map(readonly),
    ],
  });
}
