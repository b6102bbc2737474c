// A market's pool: its token accounts on the chain, and what they hold.

import { AddressLookupTableProgram, PublicKey } from "@solana/web3.js";
import type { Chain } from "../chain/chain.ts";
import { accountWith, addTokens, createLookupTable } from "../chain/genesis.ts";
import { type KnownMint, tokenProgramOf } from "../chain/mints.ts";
import { decodeTokenAccount, TOKEN_PROGRAM } from "../chain/token.ts";
import { addressOf } from "../chain/wire-transaction.ts";
import { type PoolAddresses, poolBytes, poolOf } from "../swap-program/pool.ts";
import { EVENT_AUTHORITY, SWAP_PROGRAM } from "../swap-program/route.ts";
import { baseFor, ratioOf } from "./ratio.ts";

export interface Listing {
  readonly symbol: string;
  readonly base: KnownMint;
  readonly quote: KnownMint;
  /** Quote per base. */
  readonly price: number;
  /**
   * What the pool holds of the quote mint, in its base units; of the base mint it holds as much at that price.
   * With a million USDC, a trade of 1 000 has an impact of 0.1 %.
   */
  readonly quoteDepth: bigint;
}

/** Mint A is the market's base, mint B its quote. */
export interface Pool extends PoolAddresses {
  readonly symbol: string;
  readonly base: KnownMint;
  readonly quote: KnownMint;
  readonly listedPrice: number;
}

export interface Reserves {
  readonly base: bigint;
  readonly quote: bigint;
}

/** One direction of a pool. */
export interface Leg {
  readonly pool: Pool;
  readonly input: KnownMint;
  readonly output: KnownMint;
  readonly vaultIn: PublicKey;
  readonly vaultOut: PublicKey;
}

/** What quotes call the program of the pools. */
/** Each pool is reached by either of two names, so that who leaves one exchange out still finds a route. */
export const POOL_LABELS = ["Constant Product", "Constant Product II"] as const;

/** Everything the venue's swaps name, in one table. */
export const [LOOKUP_TABLE] = PublicKey.findProgramAddressSync(
  [Buffer.from("venue")],
  AddressLookupTableProgram.programId,
);

export const poolsOf = (listings: readonly Listing[]): Pool[] =>
  listings.map(({ symbol, base, quote, price }) => ({
    ...poolOf(base, quote),
    ...{ symbol, base, quote, listedPrice: price },
  }));

export function createPools(chain: Chain, listings: readonly Listing[]): Pool[] {
  const pools = poolsOf(listings);
  for (const [index, pool] of pools.entries()) createPool(chain, pool, listings[index]?.quoteDepth ?? 0n);
  createLookupTable(chain, LOOKUP_TABLE, lookupTableOf(pools));
  return pools;
}

/** What the lookup table holds, in its order. */
export function lookupTableOf(pools: readonly Pool[]): PublicKey[] {
  const named = pools.flatMap(({ address, vaultA, vaultB, base, quote }) => [
    ...[address, vaultA, vaultB, base.address, quote.address],
    ...[tokenProgramOf(base), tokenProgramOf(quote)],
  ]);
  const unique = new Map([TOKEN_PROGRAM, SWAP_PROGRAM, EVENT_AUTHORITY, ...named].map((key) => [key.toBase58(), key]));
  return [...unique.values()];
}

function createPool(chain: Chain, pool: Pool, quoteDepth: bigint): void {
  const { base, quote, listedPrice } = pool;
  const bytes = poolBytes(pool);
  const account = accountWith(pool.address, SWAP_PROGRAM, bytes, chain.rentExemption(bytes.length));
  chain.accounts.amend(account.address, () => account);
  addTokens(chain, pool.address, base.address, baseFor(quoteDepth, ratioOf(listedPrice, base, quote)));
  addTokens(chain, pool.address, quote.address, quoteDepth);
}

function balance(chain: Chain, vault: PublicKey): bigint {
  const account = chain.read(addressOf(vault));
  return account === null ? 0n : decodeTokenAccount(account.data).amount;
}

/** At the tip. */
export const reservesOf = (chain: Chain, pool: Pool): Reserves => ({
  base: balance(chain, pool.vaultA),
  quote: balance(chain, pool.vaultB),
});

export const sellLeg = (pool: Pool): Leg => ({
  ...{ pool, input: pool.base, output: pool.quote },
  ...{ vaultIn: pool.vaultA, vaultOut: pool.vaultB },
});

export const buyLeg = (pool: Pool): Leg => ({
  ...{ pool, input: pool.quote, output: pool.base },
  ...{ vaultIn: pool.vaultB, vaultOut: pool.vaultA },
});

export function findLeg(pools: readonly Pool[], input: string, output: string): Leg | undefined {
  const legs = pools.flatMap((pool) => [buyLeg(pool), sellLeg(pool)]);
  return legs.find((leg) => leg.input.address.toBase58() === input && leg.output.address.toBase58() === output);
}

export function legReserves(chain: Chain, leg: Leg): { readonly reserveIn: bigint; readonly reserveOut: bigint } {
  return { reserveIn: balance(chain, leg.vaultIn), reserveOut: balance(chain, leg.vaultOut) };
}
