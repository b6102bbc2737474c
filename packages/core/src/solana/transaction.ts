/**
 * Transactions: built around our own blockhash, and recorded as an unsigned message.
 *
 * Invariants: the wallet is the fee payer and the only signer; a transaction fits into 1232 bytes; its compute budget is
 * ours alone; no two attempts have the same transaction.
 */
import {
  type AddressLookupTableAccount,
  ComputeBudgetProgram,
  type MessageV0,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { memoOf } from "./memo.ts";

/** What a packet carries: the IPv6 minimum of 1280 bytes less 48 of headers. */
export const TRANSACTION_BYTES_MAX = 1232;

const COMPUTE_BUDGET_PROGRAM = ComputeBudgetProgram.programId.toBase58();
const MEMO_PROGRAM = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

export interface InstructionData {
  readonly programId: string;
  readonly accounts: readonly { readonly pubkey: string; readonly isSigner: boolean; readonly isWritable: boolean }[];
  /** Base64. */
  readonly data: string;
}

/** What a transaction may use, and what it bids for a place in a block. */
export interface ComputeBudget {
  /** Compute units; the bid is for all of them, used or not. */
  readonly unitLimit: number;
  readonly unitPriceMicroLamports: bigint;
}

export interface TransactionParts {
  /** Base58 address of the fee payer. */
  readonly wallet: string;
  readonly blockhash: string;
  readonly instructions: readonly InstructionData[];
  readonly lookupTables: readonly AddressLookupTableAccount[];
  /** What makes it this attempt's transaction and no other's. */
  readonly attemptId: string;
  readonly computeBudget: ComputeBudget;
}

/** With fewer accounts in its route it may fit. */
export class OversizedTransaction extends RangeError {
  readonly bytes: number;

  constructor(bytes: number) {
    super(`the transaction has ${bytes} bytes: at most ${TRANSACTION_BYTES_MAX} fit into a packet`);
    this.name = "OversizedTransaction";
    this.bytes = bytes;
  }
}

/**
 * The unsigned v0 message, base64.
 *
 * @throws OversizedTransaction when the transaction would not fit into a packet.
 * @throws RangeError when it asks for a signature besides the wallet's, or brings a compute budget of its own.
 */
export function buildMessage(parts: TransactionParts): string {
  const { wallet, blockhash, instructions, lookupTables, attemptId, computeBudget } = parts;
  if (instructions.some(({ programId }) => programId === COMPUTE_BUDGET_PROGRAM)) {
    throw new RangeError("the instructions set a compute budget: the transaction has its own");
  }
  const message = new TransactionMessage({
    payerKey: new PublicKey(wallet),
    recentBlockhash: blockhash,
    instructions: [...budget(computeBudget), ...instructions.map(instructionOf), memo(attemptId)],
  }).compileToV0Message([...lookupTables]);
  if (message.header.numRequiredSignatures !== 1) {
    throw new RangeError(
      `the transaction asks for ${message.header.numRequiredSignatures} signatures: ours alone is given`,
    );
  }
  const bytes = bytesOf(message);
  if (bytes > TRANSACTION_BYTES_MAX) throw new OversizedTransaction(bytes);
  return Buffer.from(message.serialize()).toString("base64");
}

/** The message under a signature that has not been made: what a node simulates. */
export const unsigned = (message: string): VersionedTransaction => new VersionedTransaction(decode(message));

/** The accounts the message writes, base58, those of its lookup tables included: what others may bid against it for. */
export function writableAccounts(
  message: string,
  lookupTables: readonly AddressLookupTableAccount[],
): readonly string[] {
  const decoded = decode(message);
  const keys = decoded.getAccountKeys({ addressLookupTableAccounts: [...lookupTables] });
  return keys
    .keySegments()
    .flat()
    .filter((_key, index) => decoded.isAccountWritable(index))
    .map((key) => key.toBase58());
}

const decode = (message: string): VersionedMessage => VersionedMessage.deserialize(Buffer.from(message, "base64"));

/** Ours alone: two limits in one transaction are an error, and a price from elsewhere is a bid from elsewhere. */
const budget = ({ unitLimit, unitPriceMicroLamports }: ComputeBudget): readonly TransactionInstruction[] => [
  ComputeBudgetProgram.setComputeUnitLimit({ units: unitLimit }),
  ComputeBudgetProgram.setComputeUnitPrice({ microLamports: unitPriceMicroLamports }),
];

/** How long the signed transaction is. Counted, because the library writes into a packet and cannot say how much too much it was. */
function bytesOf({ staticAccountKeys, compiledInstructions, addressTableLookups }: MessageV0): number {
  const instructions = compiledInstructions.map(
    ({ accountKeyIndexes, data }) => 1 + listBytes(accountKeyIndexes.length) + listBytes(data.length),
  );
  const lookups = addressTableLookups.map(
    ({ writableIndexes, readonlyIndexes }) =>
      32 + listBytes(writableIndexes.length) + listBytes(readonlyIndexes.length),
  );
  const sum = (lengths: readonly number[]) => lengths.reduce((total, length) => total + length, 0);
  return (
    listBytes(1, 64) + // the one signature
    1 + // the version
    3 + // the header
    listBytes(staticAccountKeys.length, 32) +
    32 + // the blockhash
    listBytes(instructions.length, 0) +
    sum(instructions) +
    listBytes(lookups.length, 0) +
    sum(lookups)
  );
}

/** A list on the wire: its length in seven bits a byte, then its items. */
const listBytes = (items: number, itemBytes = 1): number =>
  (items < 0x80 ? 1 : items < 0x4000 ? 2 : 3) + items * itemBytes;

const memo = (attemptId: string): TransactionInstruction =>
  new TransactionInstruction({ programId: MEMO_PROGRAM, keys: [], data: Buffer.from(memoOf(attemptId)) });

const instructionOf = ({ programId, accounts, data }: InstructionData): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map((account) => ({ ...account, pubkey: new PublicKey(account.pubkey) })),
    data: Buffer.from(data, "base64"),
  });
