import {
  AddressLookupTableAccount,
  ComputeBudgetInstruction,
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionMessage,
  VersionedMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { keypairKey } from "./keypair-key.ts";
import { buildMessage, type InstructionData, OversizedTransaction, unsigned, writableAccounts } from "./transaction.ts";
import { assemble } from "./wire.ts";
import { memoOf } from "./memo.ts";

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
  computeBudget: { unitLimit: 120_000, unitPriceMicroLamports: 50_000n },
};

const withData = (bytes: number) => [{ ...transfer(wallet), data: Buffer.alloc(bytes).toString("base64") }];

const decoded = (message: string) => VersionedMessage.deserialize(Buffer.from(message, "base64"));

describe("a message", () => {
  test("of one swap for two attempts is two transactions", () => {
    expect(buildMessage(parts)).toBe(buildMessage(parts));
    expect(buildMessage({ ...parts, attemptId: "trd_2.1" })).not.toBe(buildMessage(parts));
    expect(memoOf("trd_exit_7_2_1.1")).toMatch(/^[\w-]{11}$/);
  });

  test("is paid for by the wallet", () => {
    expect(unsigned(buildMessage(parts)).message.staticAccountKeys[0]?.toBase58()).toBe(parts.wallet);
  });

  test("begins with its compute budget", () => {
    const [limit, price, ...rest] = TransactionMessage.decompile(decoded(buildMessage(parts))).instructions;
    if (!limit || !price) throw new Error("There are two.");
    expect(ComputeBudgetInstruction.decodeSetComputeUnitLimit(limit)).toEqual({ units: 120_000 });
    expect(ComputeBudgetInstruction.decodeSetComputeUnitPrice(price)).toEqual({ microLamports: 50_000n });
    expect(rest.some(({ programId }) => programId.equals(ComputeBudgetProgram.programId))).toBe(false);
  });

  test("with a compute budget from elsewhere is refused", () => {
    const foreign = {
      programId: ComputeBudgetProgram.programId.toBase58(),
      accounts: [],
      data: ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 10n ** 12n }).data.toString("base64"),
    };
    expect(() => buildMessage({ ...parts, instructions: [foreign, transfer(wallet)] })).toThrow("set a compute budget");
  });

  test("that asks for another signature is refused", () => {
    const instructions = [transfer(wallet), transfer(other)];
    expect(() => buildMessage({ ...parts, instructions })).toThrow("asks for 2 signatures");
  });

  test("fits into a packet to the last byte, and not with one more", () => {
    const signedBytes = (bytes: number) =>
      unsigned(buildMessage({ ...parts, instructions: withData(bytes) })).serialize().length;
    const room = 1232 - signedBytes(200) + 200;
    expect(signedBytes(room)).toBe(1232);
    expect(() => signedBytes(room + 1)).toThrow(OversizedTransaction);
  });

  test.each([1, 500, 20_000])("that is %s bytes too long says by how much", (extra) => {
    const bytes = (data: number) => {
      try {
        return unsigned(buildMessage({ ...parts, instructions: withData(data) })).serialize().length;
      } catch (error) {
        return error instanceof OversizedTransaction ? error.bytes : null;
      }
    };
    const fits = bytes(200) ?? 0;
    // From 2^14 bytes on, the length of the data itself needs a byte more.
    expect(bytes(200 + 1232 - fits + extra)).toBe(1232 + extra + (extra >= 0x4000 ? 1 : 0));
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
    expect(assemble(message, signature)).toEqual(Buffer.from(same.serialize()));
    expect(assemble(message, null)).toEqual(Buffer.from(unsigned(message).serialize()));
  });
});

describe("lookup tables", () => {
  const keys = Array.from({ length: 40 }, (_, index) => Keypair.fromSeed(Buffer.alloc(32, 100 + index)).publicKey);
  const table = new AddressLookupTableAccount({
    key: Keypair.fromSeed(Buffer.alloc(32, 4)).publicKey,
    state: { deactivationSlot: 2n ** 64n - 1n, lastExtendedSlot: 0, lastExtendedSlotStartIndex: 0, addresses: keys },
  });
  const wide: InstructionData = {
    programId: PublicKey.unique().toBase58(),
    accounts: keys.map((key, index) => ({ pubkey: key.toBase58(), isSigner: false, isWritable: index < 3 })),
    data: "",
  };

  test("let a message name more accounts than fit into it", () => {
    expect(() => buildMessage({ ...parts, instructions: [wide] })).toThrow(OversizedTransaction);
    const message = buildMessage({ ...parts, instructions: [wide], lookupTables: [table] });
    expect(unsigned(message).serialize().length).toBeLessThan(1232);
  });

  test("count into its size to the last byte", () => {
    const bytes = (data: number) => {
      const instructions = [{ ...wide, data: Buffer.alloc(data).toString("base64") }];
      return unsigned(buildMessage({ ...parts, instructions, lookupTables: [table] })).serialize().length;
    };
    const room = 1232 - bytes(200) + 200;
    expect(bytes(room)).toBe(1232);
    expect(() => bytes(room + 1)).toThrow("the transaction has 1233 bytes");
  });

  test("hold accounts that are written, too", () => {
    const message = buildMessage({ ...parts, instructions: [wide], lookupTables: [table] });
    const written = keys.slice(0, 3).map((key) => key.toBase58());
    expect(writableAccounts(message, [table])).toEqual([parts.wallet, ...written]);
    expect(writableAccounts(buildMessage(parts), [])).toEqual([parts.wallet, other.publicKey.toBase58()]);
  });
});
