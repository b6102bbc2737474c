/** Swaps as the fakes tell them to each other: an instruction of the fake Jupiter says what the fake chain is to move. */
import { VersionedTransaction } from "@solana/web3.js";
import bs58 from "bs58";
import type { InstructionData } from "../src/solana/transaction.ts";

export interface FakeSwap {
  readonly inputMint: string;
  readonly outputMint: string;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
}

const PROGRAM = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";

export function instructionOf(
  { inputMint, outputMint, amountIn, amountOut }: FakeSwap,
  wallet: string,
): InstructionData {
  return {
    programId: PROGRAM,
    accounts: [{ pubkey: wallet, isSigner: true, isWritable: true }],
    data: Buffer.from([inputMint, outputMint, amountIn, amountOut].join(" ")).toString("base64"),
  };
}

/** Of a signed transaction: its name on chain, and the swap in it. */
export function readSwap(bytes: Uint8Array): { readonly signature: string; readonly swap: FakeSwap } {
  const { message, signatures } = VersionedTransaction.deserialize(bytes);
  const program = message.staticAccountKeys.findIndex((key) => key.toBase58() === PROGRAM);
  const instruction = message.compiledInstructions.find(({ programIdIndex }) => programIdIndex === program);
  const [inputMint = "", outputMint = "", amountIn = "", amountOut = ""] = Buffer.from(instruction?.data ?? [])
    .toString()
    .split(" ");
  return {
    signature: bs58.encode(signatures[0] ?? new Uint8Array()),
    swap: { inputMint, outputMint, amountIn: BigInt(amountIn), amountOut: BigInt(amountOut) },
  };
}
