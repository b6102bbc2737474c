/**
 * Swaps as the fakes tell them to each other: an instruction of the fake Jupiter says what the fake chain is to move.
 *
 * It is text between two marks, so that it is found in a transaction without taking that apart.
 */
import bs58 from "bs58";
import type { InstructionData } from "../src/solana/transaction.ts";

export interface FakeSwap {
  readonly inputMint: string;
  readonly outputMint: string;
  readonly amountIn: bigint;
  /** As it was quoted. */
  readonly amountOut: bigint;
  /** With less it fails. */
  readonly minimumOut: bigint;
}

const PROGRAM = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";

const [BEGIN, END] = ["swap<", ">"];

export function instructionOf(
  { inputMint, outputMint, amountIn, amountOut, minimumOut }: FakeSwap,
  wallet: string,
): InstructionData {
  const told = [inputMint, outputMint, amountIn, amountOut, minimumOut].join(" ");
  return {
    programId: PROGRAM,
    accounts: [{ pubkey: wallet, isSigner: true, isWritable: true }],
    data: Buffer.from(`${BEGIN}${told}${END}`).toString("base64"),
  };
}

/** @throws RangeError when there is none in the message. */
export function swapIn(message: Uint8Array): FakeSwap {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const begin = bytes.indexOf(BEGIN);
  if (begin < 0) throw new RangeError("there is no swap in the message");
  const told = bytes.toString("latin1", begin + BEGIN.length, bytes.indexOf(END, begin));
  const [inputMint = "", outputMint = "", amountIn = "", amountOut = "", minimumOut = ""] = told.split(" ");
  return {
    inputMint,
    outputMint,
    amountIn: BigInt(amountIn),
    amountOut: BigInt(amountOut),
    minimumOut: BigInt(minimumOut),
  };
}

/** Where a transaction of one signature keeps it, and where its message begins. */
const SIGNATURE_AT = 1;
const MESSAGE_AT = 65;

/** Of a signed transaction: its name on chain, what was signed, and the swap in it. */
export function readSwap(bytes: Uint8Array) {
  const message = bytes.subarray(MESSAGE_AT);
  return { signature: bs58.encode(bytes.subarray(SIGNATURE_AT, MESSAGE_AT)), message, swap: swapIn(message) };
}
