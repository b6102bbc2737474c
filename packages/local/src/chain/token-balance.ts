// Token balances of a transaction's accounts, and a token amount as a node writes it.

import type { Address } from "@solana/kit";
import { decodeMint, decodeTokenAccount, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./token.ts";
import { isTokenAccount } from "./transfer-fee.ts";
import type { Account } from "./vm.ts";
import { addressOf } from "./wire-transaction.ts";

export interface TokenBalance {
  readonly accountIndex: number;
  readonly mint: Address;
  readonly owner: Address;
  readonly programId: Address;
  readonly amount: bigint;
  readonly decimals: number;
}

interface Reader {
  read(at: Address): Account | null;
}

export const TOKEN_PROGRAMS: readonly Address[] = [addressOf(TOKEN_PROGRAM), addressOf(TOKEN_2022_PROGRAM)];

/** Null when the account is not a token account. */
export function tokenBalance(reader: Reader, account: Account | null): Omit<TokenBalance, "accountIndex"> | null {
  if (account === null || !TOKEN_PROGRAMS.includes(account.programAddress)) return null;
  if (!isTokenAccount(account.data)) return null; // a mint
  const { mint, owner, amount } = decodeTokenAccount(account.data);
  const mintAddress = addressOf(mint);
  const mintAccount = reader.read(mintAddress);
  if (mintAccount === null) return null;
  const { decimals } = decodeMint(mintAccount.data);
  return { mint: mintAddress, owner: addressOf(owner), programId: account.programAddress, amount, decimals };
}

/** Of those accounts that are token accounts; one that does not exist has no entry. */
export function tokenBalances(reader: Reader, accounts: readonly (Account | null)[]): TokenBalance[] {
  return accounts.flatMap((account, accountIndex) => {
    const balance = tokenBalance(reader, account);
    return balance === null ? [] : [{ accountIndex, ...balance }];
  });
}

/** `uiAmount` is a float because nodes say it as one; nothing may be computed from it. */
export function uiTokenAmount(amount: bigint, decimals: number) {
  const digits = amount.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const uiAmountString = fraction === "" ? whole : `${whole}.${fraction}`;
  return { amount: amount.toString(), decimals, uiAmount: Number(uiAmountString), uiAmountString };
}
