import { Keypair, SystemProgram, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { keypairKey } from "./signer.ts";
import { assemble, buildMessage, type InstructionData, memoOf, payerOf } from "./transaction.ts";

const wallet = Keypair.fromSeed(Buffer.alloc(32, 1));
const other = Keypair.fromSeed(Buffer.alloc(32, 2));
const blockhash = Keypair.fromSeed(Buffer.alloc(32, 3)).publicKey.toBase58();

const transfer = (from: Keypair): InstructionData => {
  const { programId, keys, data } = SystemProgram.transfer({
    fromPubkey: from.publicKey,
    toPubkey: other.publicKey,
    lamports: 1,
  });
  return {
    programId: programId.toBase58(),
    accounts: keys.map((key) => ({ ...key, pubkey: key.pubkey.toBase58() })),
    data: data.toString("base64"),
  };
};

const parts = {
  wallet: wallet.publicKey.toBase58(),
  blockhash,
  instructions: [transfer(wallet)],
  lookupTables: [],
  attemptId: "trd_1.1",
};

describe("a message", () => {
  test("of one swap for two attempts is two transactions", () => {
    expect(buildMessage(parts)).toBe(buildMessage(parts));
    expect(buildMessage({ ...parts, attemptId: "trd_2.1" })).not.toBe(buildMessage(parts));
    expect(memoOf("trd_exit_7_2_1.1")).toMatch(/^[\w-]{11}$/);
  });

  test("is paid for by the wallet", () => {
    expect(payerOf(buildMessage(parts))).toBe(parts.wallet);
  });

  test("that asks for another signature is refused", () => {
    const instructions = [transfer(wallet), transfer(other)];
    expect(() => buildMessage({ ...parts, instructions })).toThrow("asks for 2 signatures");
  });

  test("that does not fit into a packet is refused", () => {
    const instructions = [{ ...transfer(wallet), data: Buffer.alloc(1_200).toString("base64") }];
    expect(() => buildMessage({ ...parts, instructions })).toThrow(RangeError);
  });

  test("is signed and put together to the bytes that web3.js would send", async () => {
    const message = buildMessage(parts);
    const signature = await keypairKey(wallet.secretKey).sign(message);
    const expected = VersionedTransaction.deserialize(assemble(message, signature));
    expect(Buffer.from(expected.message.serialize()).toString("base64")).toBe(message);
    const same = new VersionedTransaction(expected.message);
    same.sign([wallet]);
    expect(expected.signatures).toEqual(same.signatures);
    expect(TransactionMessage.decompile(expected.message).recentBlockhash).toBe(blockhash);
  });
});
