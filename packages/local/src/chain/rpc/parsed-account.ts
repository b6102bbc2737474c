// `jsonParsed`: token accounts and mints told in words, their extensions left out; whatever else stays bytes.

import type { Address } from "@solana/kit";
import { decodeMint, decodeTokenAccount, TOKEN_2022_PROGRAM } from "../token.ts";
import { TOKEN_PROGRAMS, tokenBalance, uiTokenAmount } from "../token-balance.ts";
import { isTokenAccount } from "../transfer-fee.ts";
import type { Account } from "../vm.ts";

export function parsedAccount(account: Account, read: (at: Address) => Account | null) {
  if (!TOKEN_PROGRAMS.includes(account.programAddress)) return null;
  const program = account.programAddress === TOKEN_2022_PROGRAM.toBase58() ? "spl-token-2022" : "spl-token";
  const parsed = isTokenAccount(account.data) ? parsedTokenAccount(account, read) : parsedMint(account);
  return parsed === null ? null : { program, parsed, space: account.space };
}

function parsedMint(account: Account) {
  const { decimals, supply } = decodeMint(account.data);
  const info = { decimals, supply: supply.toString(), isInitialized: true, mintAuthority: null, freezeAuthority: null };
  return { type: "mint", info };
}

function parsedTokenAccount(account: Account, read: (at: Address) => Account | null) {
  const balance = tokenBalance({ read }, account);
  if (balance === null) return null;
  const { rentReserveLamports } = decodeTokenAccount(account.data);
  const info = {
    mint: balance.mint,
    owner: balance.owner,
    state: "initialized",
    isNative: rentReserveLamports !== null,
    tokenAmount: uiTokenAmount(balance.amount, balance.decimals),
    ...(rentReserveLamports !== null && { rentExemptReserve: uiTokenAmount(rentReserveLamports, balance.decimals) }),
  };
  return { type: "account", info };
}
