/**
 * Every expected byte was written by `lighthouse-sdk` 2.1.0 (`getAssertTokenAccountMultiInstruction`,
 * `getAssertAccountInfoMultiInstruction`) and, the same, by the serializers of `lighthouse-sdk-legacy` 2.0.1. They are recorded
 * because those packages bring a second `@solana/kit` and a second `@solana/web3.js`.
 */
import { Keypair, VersionedMessage } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { assertSwap, isAssertion, LIGHTHOUSE_PROGRAM } from "./lighthouse.ts";
import { buildMessage, type InstructionData } from "./transaction.ts";

const address = (seed: number) => Keypair.fromSeed(Buffer.alloc(32, seed)).publicKey.toBase58();
const [wallet, source, destination] = [address(1), address(2), address(3)];

const none = { sourceAtLeast: 0n, destinationAtLeast: 0n, lamportsAtLeast: 0n };
const hex = ({ data }: InstructionData) => Buffer.from(data, "base64").toString("hex");

/** The whole data, of a token account of the wallet and of the wallet itself, when each is to hold that many. */
const published = [
  [
    0n,
    "0a000502000000000000000004018a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c00030000040100070000",
    "06000200000000000000000004030000",
  ],
  [
    127n,
    "0a0005027f0000000000000004018a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c00030000040100070000",
    "060002007f0000000000000004030000",
  ],
  [
    128n,
    "0a000502800000000000000004018a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c00030000040100070000",
    "06000200800000000000000004030000",
  ],
  [
    2n ** 32n,
    "0a000502000000000100000004018a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c00030000040100070000",
    "06000200000000000100000004030000",
  ],
  [
    2n ** 64n - 1n,
    "0a000502ffffffffffffffff04018a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c00030000040100070000",
    "06000200ffffffffffffffff04030000",
  ],
] as const;

describe("the assertions behind a swap", () => {
  test.each(published)("of at least %d are the bytes of the published interface", (least, token, lamports) => {
    const told = (amounts: Partial<typeof none>) => assertSwap({ wallet, source, destination, ...none, ...amounts });
    const [[, zeroToken, zeroLamports]] = published;
    expect(told({ sourceAtLeast: least }).map(hex)).toEqual([token, zeroToken, zeroLamports]);
    expect(told({ destinationAtLeast: least }).map(hex)).toEqual([zeroToken, token, zeroLamports]);
    expect(told({ lamportsAtLeast: least }).map(hex)).toEqual([zeroToken, zeroToken, lamports]);
  });

  test("read the two token accounts and the wallet, and write and sign for nothing", () => {
    const told = assertSwap({ wallet, source, destination, ...none });
    expect(told.map(({ programId, accounts }) => ({ programId, accounts }))).toEqual(
      [source, destination, wallet].map((pubkey) => ({
        programId: "L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95",
        accounts: [{ pubkey, isSigner: false, isWritable: false }],
      })),
    );
  });

  test.each([-1n, 2n ** 64n])("cannot be of %d", (least) => {
    for (const which of ["sourceAtLeast", "destinationAtLeast", "lamportsAtLeast"]) {
      expect(() => assertSwap({ wallet, source, destination, ...none, [which]: least })).toThrow(RangeError);
    }
  });

  test("add 172 bytes to a transaction, its program's address among them, and no other account", () => {
    const swap: InstructionData = {
      programId: address(4),
      accounts: [source, destination].map((pubkey) => ({ pubkey, isSigner: false, isWritable: true })),
      data: "",
    };
    const messageOf = (instructions: readonly InstructionData[]) =>
      Buffer.from(
        buildMessage({
          wallet,
          blockhash: address(5),
          instructions,
          lookupTables: [],
          attemptId: "trd_1.1",
          computeBudget: { unitLimit: 120_000, unitPriceMicroLamports: 50_000n },
        }),
        "base64",
      );
    const keysOf = (message: Buffer) =>
      VersionedMessage.deserialize(message).staticAccountKeys.map((key) => key.toBase58());
    const plain = messageOf([swap]);
    const asserting = messageOf([swap, ...assertSwap({ wallet, source, destination, ...none })]);
    expect(asserting.length - plain.length).toBe(172);
    expect(new Set(keysOf(asserting))).toEqual(new Set([...keysOf(plain), LIGHTHOUSE_PROGRAM]));
  });
});

describe("an instruction of the program", () => {
  const asserts = {
    AssertAccountData: 2,
    AssertAccountDataMulti: 3,
    AssertAccountDelta: 4,
    AssertAccountInfo: 5,
    AssertAccountInfoMulti: 6,
    AssertMintAccount: 7,
    AssertMintAccountMulti: 8,
    AssertTokenAccount: 9,
    AssertTokenAccountMulti: 10,
    AssertStakeAccount: 11,
    AssertStakeAccountMulti: 12,
    AssertUpgradeableLoaderAccount: 13,
    AssertUpgradeableLoaderAccountMulti: 14,
    AssertSysvarClock: 15,
    AssertMerkleTreeAccount: 16,
    AssertBubblegumTreeConfigAccount: 17,
  };

  test.each(Object.entries(asserts))("%s is an assertion", (_name, discriminator) => {
    expect(isAssertion(Buffer.of(discriminator, 0, 0))).toBe(true);
  });

  test.each(Object.entries({ MemoryWrite: 0, MemoryClose: 1 }))("%s is none", (_name, discriminator) => {
    expect(isAssertion(Buffer.of(discriminator, 10, 255))).toBe(false);
  });

  test("of an unknown number is none, and neither is one without a number", () => {
    const unknown = Array.from({ length: 256 - 18 }, (_, index) => index + 18);
    expect(unknown.filter((discriminator) => isAssertion(Buffer.of(discriminator, 0, 0)))).toEqual([]);
    expect(isAssertion(Buffer.of())).toBe(false);
  });
});
