/** Accounts as the programs write them, byte by byte. Sources: spl-token `state::Account`; solana-stake and -nonce interfaces. */
import type { ChainAccount } from "@backstop/core/solana/firewall/node";
import { type PublicKey, StakeProgram, SystemProgram } from "@solana/web3.js";
import { TOKEN_2022_PROGRAM, type Token } from "./addresses.ts";

/** What a token account costs on mainnet since the rent was lowered. */
export const RENT_LAMPORTS = 1_488_440n;

/** Where what is in SPL Token's account. */
export const TOKEN_AT = {
  owner: 32,
  amount: 64,
  delegate: 72,
  state: 108,
  delegated: 121,
  closeAuthority: 129,
} as const;

export const FROZEN = 2;

const PLAIN_BYTES = 165;
const INITIALIZED = 1;

/** Behind an account of Token-2022: that it is one, and that its owner cannot be changed. */
const IMMUTABLE_OWNER = Buffer.from([2, 7, 0, 0, 0]);

export function tokenAccount(owner: PublicKey, token: Token, amount: bigint): ChainAccount {
  const plain = Buffer.alloc(PLAIN_BYTES);
  plain.set(token.address.toBuffer(), 0);
  plain.set(owner.toBuffer(), TOKEN_AT.owner);
  plain.writeBigUInt64LE(amount, TOKEN_AT.amount);
  plain.writeUInt8(INITIALIZED, TOKEN_AT.state);
  if (token.isNative) {
    plain.writeUInt32LE(1, 109);
    plain.writeBigUInt64LE(RENT_LAMPORTS, 113);
  }
  const isExtended = token.program.equals(TOKEN_2022_PROGRAM);
  return {
    owner: token.program.toBase58(),
    lamports: RENT_LAMPORTS + (token.isNative ? amount : 0n),
    data: isExtended ? Buffer.concat([plain, IMMUTABLE_OWNER]) : plain,
  };
}

export const walletAccount = (lamports: bigint): ChainAccount => ({
  owner: SystemProgram.programId.toBase58(),
  lamports,
  data: Buffer.alloc(0),
});

export function stakeAccount(authority: PublicKey): ChainAccount {
  const data = Buffer.alloc(200);
  data.writeUInt32LE(2, 0); // delegated
  data.set(authority.toBuffer(), 12); // who may stake
  data.set(authority.toBuffer(), 44); // who may withdraw
  return { owner: StakeProgram.programId.toBase58(), lamports: 1_000_000_000n, data };
}

export function nonceAccount(authority: PublicKey): ChainAccount {
  const data = Buffer.alloc(80);
  data.writeUInt32LE(1, 0);
  data.writeUInt32LE(1, 4); // initialized
  data.set(authority.toBuffer(), 8);
  return { owner: SystemProgram.programId.toBase58(), lamports: 1_447_680n, data };
}

/** The account with some of its bytes written over. */
export function written(account: ChainAccount, at: number, bytes: Uint8Array): ChainAccount {
  const data = Buffer.from(account.data);
  data.set(bytes, at);
  return { ...account, data };
}

/** An `Option` as SPL Token writes it: a tag of four bytes, and the address. */
export const someAddress = (address: PublicKey): Buffer =>
  Buffer.concat([Buffer.from([1, 0, 0, 0]), address.toBuffer()]);
