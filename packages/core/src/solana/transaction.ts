/**
 * Transactions: built around our own blockhash, recorded as an unsigned message, put together from what is recorded.
 *
 * Invariants: the wallet is the fee payer and the only signer; a transaction fits into 1232 bytes; no two attempts have
 * the same transaction.
 */
import { createHash } from "node:crypto";
import {
  type AddressLookupTableAccount,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";

/** What a packet carries: the IPv6 minimum of 1280 bytes less 48 of headers. */
export const TRANSACTION_BYTES_MAX = 1232;

const MEMO_PROGRAM = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

export interface InstructionData {
  readonly programId: string;
  readonly accounts: readonly { readonly pubkey: string; readonly isSigner: boolean; readonly isWritable: boolean }[];
  /** Base64. */
  readonly data: string;
}

export interface TransactionParts {
  /** Base58 address of the fee payer. */
  readonly wallet: string;
  readonly blockhash: string;
  readonly instructions: readonly InstructionData[];
  readonly lookupTables: readonly AddressLookupTableAccount[];
  /** What makes it this attempt's transaction and no other's. */
  readonly attemptId: string;
}

/**
 * The unsigned v0 message, base64.
 *
 * @throws RangeError when the transaction would not fit into a packet, or asks for a signature besides the wallet's.
 */
export function buildMessage({ wallet, blockhash, instructions, lookupTables, attemptId }: TransactionParts): string {
  const message = new TransactionMessage({
    payerKey: new PublicKey(wallet),
    recentBlockhash: blockhash,
    instructions: [...instructions.map(instructionOf), memo(attemptId)],
  }).compileToV0Message([...lookupTables]);
  if (message.header.numRequiredSignatures !== 1) {
    throw new RangeError(
      `the transaction asks for ${message.header.numRequiredSignatures} signatures: ours alone is given`,
    );
  }
  const bytes = new VersionedTransaction(message).serialize().length;
  if (bytes > TRANSACTION_BYTES_MAX) {
    throw new RangeError(`the transaction has ${bytes} bytes: at most ${TRANSACTION_BYTES_MAX} fit into a packet`);
  }
  return Buffer.from(message.serialize()).toString("base64");
}

/** The bytes that go out: the recorded message under the recorded signature. */
export function assemble(message: string, signature: string): Uint8Array {
  const decoded = VersionedMessage.deserialize(Buffer.from(message, "base64"));
  return new VersionedTransaction(decoded, [bs58.decode(signature)]).serialize();
}

/** The fee payer of a recorded message, base58. */
export const payerOf = (message: string): string | null =>
  VersionedMessage.deserialize(Buffer.from(message, "base64")).staticAccountKeys[0]?.toBase58() ?? null;

/**
 * Two trades of the same amounts under the same blockhash would be the same transaction: one would land, and both would
 * see it. The memo tells them apart; it is a digest, so that nobody learns from it that a stop is selling.
 */
const memo = (attemptId: string): TransactionInstruction =>
  new TransactionInstruction({ programId: MEMO_PROGRAM, keys: [], data: Buffer.from(memoOf(attemptId)) });

/** The memo of an attempt's transaction: 64 bits of a digest, base64url. */
export const memoOf = (attemptId: string): string =>
  createHash("sha256").update(attemptId).digest().subarray(0, 8).toString("base64url");

const instructionOf = ({ programId, accounts, data }: InstructionData): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map((account) => ({ ...account, pubkey: new PublicKey(account.pubkey) })),
    data: Buffer.from(data, "base64"),
  });
