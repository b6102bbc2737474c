// Balances and accounts, each as of the block of the commitment asked for.

import type { Address } from "@solana/kit";
import bs58 from "bs58";
import * as z from "zod";
import type { Node } from "../node.ts";
import { TOKEN_PROGRAMS, tokenBalance, uiTokenAmount } from "../token-balance.ts";
import type { Account } from "../vm.ts";
import { addressParam, type Bank, bankConfig, bankOf, type Method, method, withContext } from "./method.ts";
import { parsedAccount } from "./parsed-account.ts";
import { invalidParams } from "./rpc-error.ts";

const accountConfig = bankConfig.extend({
  encoding: z.enum(["base58", "base64", "jsonParsed"]).optional(),
  dataSlice: z.object({ offset: z.number().int().nonnegative(), length: z.number().int().nonnegative() }).nullish(),
});

type AccountConfig = z.output<typeof accountConfig> | null | undefined;

const ACCOUNTS_MAX = 100; // MAX_MULTIPLE_ACCOUNTS
const BASE58_BYTES_MAX = 128; // MAX_BASE58_BYTES: longer ones take too long to write

const reader = (chain: Node, { commitment }: Bank) => ({ read: (at: Address) => chain.read(at, commitment) });

/** Accounts are exempt from rent for ever, which a node writes as the greatest epoch. */
const RENT_EPOCH = Number(2n ** 64n - 1n);

export function encodeAccount(account: Account, read: (at: Address) => Account | null, config: AccountConfig) {
  const { executable, lamports, programAddress, space } = account;
  const common = { executable, lamports, owner: programAddress, rentEpoch: RENT_EPOCH, space };
  if (config?.encoding === "jsonParsed") {
    const parsed = parsedAccount(account, read);
    if (parsed !== null) return { ...common, data: parsed };
  }
  const { offset, length } = config?.dataSlice ?? { offset: 0, length: account.data.length };
  const bytes = Buffer.from(account.data).subarray(offset, offset + length);
  if (config?.encoding !== "base58") return { ...common, data: [bytes.toString("base64"), "base64"] };
  if (bytes.length > BASE58_BYTES_MAX) {
    throw invalidParams(
      `Encoded binary (base 58) data should be less than ${BASE58_BYTES_MAX} bytes, please use Base64 encoding.`,
    );
  }
  return { ...common, data: [bs58.encode(bytes), "base58"] };
}

function accountAt(chain: Node, at: Address, bank: Bank, config: AccountConfig) {
  const { read } = reader(chain, bank);
  const account = read(at);
  return account === null ? null : encodeAccount(account, read, config);
}

const ownerFilter = z.union([z.object({ mint: addressParam }), z.object({ programId: addressParam })]);

export const accountMethods: Readonly<Record<string, Method>> = {
  getBalance: method(z.tuple([addressParam, bankConfig.nullish()]), (chain, [at, config]) => {
    const { block, commitment } = bankOf(chain, config);
    return withContext(block, chain.read(at, commitment)?.lamports ?? 0n);
  }),

  getAccountInfo: method(z.tuple([addressParam, accountConfig.nullish()]), (chain, [at, config]) => {
    const bank = bankOf(chain, config);
    return withContext(bank.block, accountAt(chain, at, bank, config));
  }),

  getMultipleAccounts: method(
    z.tuple([z.array(addressParam).max(ACCOUNTS_MAX, "Too many inputs provided; max 100"), accountConfig.nullish()]),
    (chain, [addresses, config]) => {
      const bank = bankOf(chain, config);
      return withContext(
        bank.block,
        addresses.map((at) => accountAt(chain, at, bank, config)),
      );
    },
  ),

  getTokenAccountBalance: method(z.tuple([addressParam, bankConfig.nullish()]), (chain, [at, config]) => {
    const bank = bankOf(chain, config);
    const account = chain.read(at, bank.commitment);
    if (account === null) throw invalidParams("Invalid param: could not find account");
    const balance = tokenBalance(reader(chain, bank), account);
    if (balance === null) throw invalidParams("Invalid param: not a Token account");
    return withContext(bank.block, uiTokenAmount(balance.amount, balance.decimals));
  }),

  getTokenAccountsByOwner: method(
    z.tuple([addressParam, ownerFilter, accountConfig.nullish()]),
    (chain, [owner, filter, config]) => {
      const bank = bankOf(chain, config);
      const { read } = reader(chain, bank);
      if ("mint" in filter && read(filter.mint) === null) throw invalidParams("Invalid param: could not find mint");
      const programs = "programId" in filter ? [filter.programId] : TOKEN_PROGRAMS;
      const accounts = programs.flatMap((program) => chain.accounts.ownedBy(program, bank.block.height));
      const wanted = accounts.filter((account) => {
        const balance = tokenBalance({ read }, account);
        return balance?.owner === owner && (!("mint" in filter) || balance.mint === filter.mint);
      });
      return withContext(
        bank.block,
        wanted.map((account) => ({ pubkey: account.address, account: encodeAccount(account, read, config) })),
      );
    },
  ),
};
