/** Messages that are not written as a message of version 0 is, or whose header or indexes lie. */
import { MessageV0 } from "@solana/web3.js";
import { type Mutant, mutant, rewritten } from "./mutant.ts";

/** Where what stands in a message of version 0; there are fewer than 128 accounts, so their number takes one byte. */
const AT = { version: 0, signatures: 1, readonlySigned: 2, readonlyUnsigned: 3, keysCount: 4, keys: 5 } as const;
const KEY_BYTES = 32;

const withByte = (bytes: Buffer, at: number, byte: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(byte, at);
  return changed;
};

type Compiled = MessageV0["compiledInstructions"];

/** The library's own reading of it, with other instructions. */
function recompiled(bytes: Buffer, change: (instructions: Compiled) => Compiled): Buffer {
  const message = MessageV0.deserialize(bytes);
  return Buffer.from(
    new MessageV0({ ...message, compiledInstructions: change(message.compiledInstructions) }).serialize(),
  );
}

export const BYTES: readonly Mutant[] = [
  rewritten("trailing-byte", "appends a byte to the message", "message", (bytes) =>
    Buffer.concat([bytes, Buffer.of(0)]),
  ),
  rewritten("second-message", "appends the same message once more", "message", (bytes) =>
    Buffer.concat([bytes, bytes]),
  ),
  rewritten("cut-message", "leaves out the last byte of the message", "message", (bytes) => bytes.subarray(0, -1)),
  rewritten("empty-message", "has nothing signed at all", "message", () => Buffer.alloc(0)),
  rewritten("signed-transaction", "puts an empty list of signatures in front of the message", "message", (bytes) =>
    Buffer.concat([Buffer.of(0), bytes]),
  ),
  rewritten("long-length", "writes the number of accounts in two bytes where one will do", "message", (bytes) =>
    Buffer.concat([
      bytes.subarray(0, AT.keysCount),
      Buffer.of((bytes[AT.keysCount] ?? 0) | 0x80, 0),
      bytes.subarray(AT.keys),
    ]),
  ),
  rewritten("legacy-message", "leaves out the version, as messages had none once", "message", (bytes) =>
    bytes.subarray(1),
  ),
  rewritten("version-1", "calls the message one of version 1", "message", (bytes) => withByte(bytes, AT.version, 0x81)),
  rewritten("account-twice", "has one account stand in the message twice", "message", (bytes) => {
    const changed = Buffer.from(bytes);
    changed.copyWithin(AT.keys + 2 * KEY_BYTES, AT.keys + KEY_BYTES, AT.keys + 2 * KEY_BYTES);
    return changed;
  }),
  mutant("wallet-looked-up", "has the lookup table hold the wallet once more", "message", (specimen) => {
    const tables = new Map(
      [...specimen.chain.tables].map(([table, [, ...addresses]]) => [table, [specimen.intent.wallet, ...addresses]]),
    );
    return tables.size === 0 ? null : { ...specimen, chain: { ...specimen.chain, tables } };
  }),
  rewritten("too-many-readonly", "counts more read accounts than there are", "message", (bytes) =>
    withByte(bytes, AT.readonlyUnsigned, 0xff),
  ),
  rewritten("readonly-payer", "counts the payer as an account that is only read", "message", (bytes) =>
    withByte(bytes, AT.readonlySigned, 1),
  ),
  rewritten("no-signature", "asks for no signature", "message", (bytes) => withByte(bytes, AT.signatures, 0)),
  rewritten("account-beyond", "has an instruction name an account that is not there", "message", (bytes) =>
    recompiled(bytes, (all) => all.map((each) => ({ ...each, accountKeyIndexes: [...each.accountKeyIndexes, 250] }))),
  ),
  rewritten("program-beyond", "has an instruction call a program that is not there", "message", (bytes) =>
    recompiled(bytes, (all) => all.map((each) => ({ ...each, programIdIndex: 250 }))),
  ),
];
