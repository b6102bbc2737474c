/**
 * Transactions: built around our own blockhash, recorded as an unsigned message, put together from what is recorded.
 *
 * Invariants: the wallet is the fee payer and the only signer; a transaction fits into 1232 bytes.
 */
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

export interface InstructionData {
  readonly programId: string;
  readonly accounts: readonly { readonly pubkey: string; readonly isSigner: boolean; readonly isWritable: boolean }[];
  /** Base64. */
  readonly data: string;
}

/**
 * The unsigned v0 message, base64.
 *
 * @throws RangeError when the transaction would not fit into a packet, or asks for a signature besides the wallet's.
 */
export function buildMessage(
  wallet: string,
  blockhash: string,
  instructions: readonly InstructionData[],
  lookupTables: readonly AddressLookupTableAccount[],
): string {
  const message = new TransactionMessage({
    payerKey: new PublicKey(wallet),
    recentBlockhash: blockhash,
    instructions: instructions.map(instructionOf),
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

const instructionOf = ({ programId, accounts, data }: InstructionData): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map((account) => ({ ...account, pubkey: new PublicKey(account.pubkey) })),
    data: Buffer.from(data, "base64"),
  });
