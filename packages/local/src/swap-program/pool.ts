// A pool of the swap program: where it lives and what its account holds. There is no instruction that
// makes one; whoever builds the chain writes the account.

import { PublicKey } from "@solana/web3.js";
import { holdingOf, type KnownMint } from "../chain/mints.ts";
import { SWAP_PROGRAM } from "./route.ts";

const DISCRIMINATOR = Buffer.from("f19a6d0411b16dbc", "hex"); // sha256("account:Pool")[0..8]
export const POOL_LENGTH = 144;

export interface PoolAddresses {
  readonly address: PublicKey;
  readonly bump: number;
  readonly mintA: PublicKey;
  readonly mintB: PublicKey;
  readonly vaultA: PublicKey;
  readonly vaultB: PublicKey;
}

export function poolOf(a: KnownMint, b: KnownMint): PoolAddresses {
  const [mintA, mintB] = [a.address, b.address];
  const seeds = [Buffer.from("pool"), mintA.toBuffer(), mintB.toBuffer()];
  const [address, bump] = PublicKey.findProgramAddressSync(seeds, SWAP_PROGRAM);
  return { address, bump, mintA, mintB, vaultA: holdingOf(address, a), vaultB: holdingOf(address, b) };
}

export function poolBytes({ bump, mintA, mintB, vaultA, vaultB }: PoolAddresses): Buffer {
  const bytes = Buffer.alloc(POOL_LENGTH);
  DISCRIMINATOR.copy(bytes, 0);
  bytes[8] = bump;
  mintA.toBuffer().copy(bytes, 16);
  mintB.toBuffer().copy(bytes, 48);
  vaultA.toBuffer().copy(bytes, 80);
  vaultB.toBuffer().copy(bytes, 112);
  return bytes;
}
