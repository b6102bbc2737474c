// Liquidity that leaves a pool and comes back: the tokens go from its vaults to accounts of its provider.
//
// Invariants: it happens in a block and is taken back with it; no token is made or lost; the provider holds tokens of a
// pool as long as that pool is emptied.

import { type Address, lamports } from "@solana/kit";
import { PublicKey } from "@solana/web3.js";
import type { Accounts } from "../chain/accounts.ts";
import type { Chain } from "../chain/chain.ts";
import { addTokens } from "../chain/genesis.ts";
import { holdingOf } from "../chain/mints.ts";
import { addAmount, decodeTokenAccount } from "../chain/token.ts";
import type { Account } from "../chain/vm.ts";
import { addressOf } from "../chain/wire-transaction.ts";
import { SWAP_PROGRAM } from "../swap-program/route.ts";
import type { Pool } from "./pool.ts";

/** The parts in which a fraction of a pool is counted. */
const PARTS = 1_000_000_000;

/** The program refuses a pool without reserves in another way; with a single unit in it, nothing can be had from it. */
const LEFT_MIN = 1n;

interface Side {
  readonly mint: PublicKey;
  readonly vault: Address;
  readonly account: Address;
}

/** Of that pool alone, so that what it holds is the pool's. */
const providerOf = (pool: Pool): PublicKey =>
  PublicKey.findProgramAddressSync([Buffer.from("provider"), pool.address.toBuffer()], SWAP_PROGRAM)[0];

function sidesOf(pool: Pool): readonly Side[] {
  const provider = providerOf(pool);
  return [
    { mint: pool.base, vault: pool.vaultA },
    { mint: pool.quote, vault: pool.vaultB },
  ].map(({ mint, vault }) => ({
    mint: mint.address,
    vault: addressOf(vault),
    account: addressOf(holdingOf(provider, mint)),
  }));
}

export class Liquidity {
  readonly #chain: Chain;
  readonly #sides: ReadonlyMap<Pool, readonly Side[]>;

  constructor(chain: Chain, pools: readonly Pool[]) {
    this.#chain = chain;
    this.#sides = new Map(pools.map((pool) => [pool, sidesOf(pool)]));
  }

  isAway(pool: Pool): boolean {
    return this.#of(pool).some(({ account }) => amountOf(this.#chain.read(account)) > 0n);
  }

  /** In the next block all but that part of the pool leaves. */
  leave(pool: Pool, left: number): void {
    for (const { mint } of this.#of(pool)) addTokens(this.#chain, providerOf(pool), mint, 0n);
    this.#chain.changeInNextBlock((accounts) => {
      for (const { vault, account } of this.#of(pool)) {
        const there = amountOf(accounts.present(vault));
        const stays = (there * BigInt(Math.round(left * PARTS))) / BigInt(PARTS);
        transfer(accounts, vault, account, there - (stays > LEFT_MIN ? stays : LEFT_MIN));
      }
    });
  }

  /** In the next block everything is back. */
  comeBack(pool: Pool): void {
    this.#chain.changeInNextBlock((accounts) => {
      for (const { vault, account } of this.#of(pool)) {
        transfer(accounts, account, vault, amountOf(accounts.present(account)));
      }
    });
  }

  #of(pool: Pool): readonly Side[] {
    return this.#sides.get(pool) ?? [];
  }
}

const amountOf = (account: Account | null): bigint => (account === null ? 0n : decodeTokenAccount(account.data).amount);

function transfer(accounts: Accounts, from: Address, to: Address, amount: bigint): void {
  if (amount <= 0n) return;
  accounts.change(from, (account) => withMore(account, -amount));
  accounts.change(to, (account) => withMore(account, amount));
}

function withMore(account: Account | null, amount: bigint): Account {
  if (account === null) throw new Error("There is no such token account.");
  const data = Buffer.from(account.data);
  addAmount(data, amount);
  const isNative = decodeTokenAccount(data).rentReserveLamports !== null;
  return { ...account, data, lamports: lamports(account.lamports + (isNative ? amount : 0n)) };
}
