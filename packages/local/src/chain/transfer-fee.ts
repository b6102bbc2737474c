// Token-2022's fee on transfers: how much it is, and how mints and accounts carry it.
//
// An extension is a type and a length of two bytes each, then its value; they follow an account of SPL Token's layout,
// filled up to the length of a token account, and one byte that says which of the two it is.

import { TOKEN_ACCOUNT_LENGTH } from "./token.ts";

export interface TransferFee {
  readonly bps: bigint;
  /** In base units. */
  readonly maximum: bigint;
}

const BPS = 10_000n;

const ACCOUNT_TYPE = { mint: 1, account: 2 } as const;
const TRANSFER_FEE_CONFIG = { type: 1, length: 108 };
const TRANSFER_FEE_AMOUNT = { type: 2, length: 8 };
const IMMUTABLE_OWNER = { type: 7, length: 0 };

/** Of a token account of such a mint. */
export const FEE_ACCOUNT_LENGTH =
  TOKEN_ACCOUNT_LENGTH + 1 + 4 + IMMUTABLE_OWNER.length + 4 + TRANSFER_FEE_AMOUNT.length;

/** What is withheld from a transfer of `amount`, rounded up as the program does. */
export function withheld(amount: bigint, fee: TransferFee | undefined): bigint {
  if (fee === undefined) return 0n;
  const part = (amount * fee.bps + BPS - 1n) / BPS;
  return part < fee.maximum ? part : fee.maximum;
}

function extended(base: Uint8Array, kind: keyof typeof ACCOUNT_TYPE, extensions: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(TOKEN_ACCOUNT_LENGTH + 1);
  head.set(base);
  head[TOKEN_ACCOUNT_LENGTH] = ACCOUNT_TYPE[kind];
  return Buffer.concat([head, ...extensions]);
}

function extension({ type, length }: { readonly type: number; readonly length: number }): Buffer {
  const bytes = Buffer.alloc(4 + length);
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt16LE(length, 2);
  return bytes;
}

/** A mint whose fee nobody may change or collect. */
export function withTransferFee(mint: Uint8Array, { bps, maximum }: TransferFee): Buffer {
  const config = extension(TRANSFER_FEE_CONFIG);
  // Two authorities and what was withheld stay zero. The fee until an epoch and the one from it on are the same.
  for (const at of [4 + 72, 4 + 90]) {
    config.writeBigUInt64LE(maximum, at + 8);
    config.writeUInt16LE(Number(bps), at + 16);
  }
  return extended(mint, "mint", [config]);
}

/** A token account of such a mint, as the associated-token program makes it. */
export const withWithheldAmount = (account: Uint8Array): Buffer =>
  extended(account, "account", [extension(IMMUTABLE_OWNER), extension(TRANSFER_FEE_AMOUNT)]);

/** Whether a token program's account is a token account; the other thing it can be is a mint. */
export function isTokenAccount(bytes: { readonly length: number; readonly [at: number]: number }): boolean {
  if (bytes.length <= TOKEN_ACCOUNT_LENGTH) return bytes.length === TOKEN_ACCOUNT_LENGTH;
  return bytes[TOKEN_ACCOUNT_LENGTH] === ACCOUNT_TYPE.account;
}
