/**
 * What must be true after a swap, or the chain undoes it: assertions by the Lighthouse program behind the swap. A simulation
 * sees what a transaction would have done; these hold in the block it lands in.
 *
 * Invariants: an assertion reads one account that the transaction has anyway, writes none and needs no signature; all of them
 * together add 172 bytes. Of this program's instructions only those that assert are told apart as such: whatever is not known
 * is none.
 *
 * The layout is that of `lighthouse-sdk` 2.1.0 (the same as of `lighthouse-sdk-legacy` 2.0.1), Borsh but for the list: one byte
 * of instruction, one of log level, the number of assertions in LEB128, the assertions; each of those one byte of field, its
 * value, one byte of operator. Amounts are a fixed u64, an option is 0 or 1 and its value.
 */
import bs58 from "bs58";
import type { InstructionData } from "./transaction.ts";

export const LIGHTHOUSE_PROGRAM = "L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95";

/** Base58 addresses, and what is left at least once the swap is through. */
export interface AfterSwap {
  readonly wallet: string;
  /** The token accounts of the wallet that the swap takes from and pays to. */
  readonly source: string;
  readonly destination: string;
  readonly sourceAtLeast: bigint;
  readonly destinationAtLeast: bigint;
  /** Fees and tips are gone by then. */
  readonly lamportsAtLeast: bigint;
}

/** Below are memory write and memory close, which move lamports of the wallet; above is nothing that is published. */
const [FIRST_ASSERTION, LAST_ASSERTION] = [2, 17];
const [ACCOUNT_INFO_MULTI, TOKEN_ACCOUNT_MULTI] = [6, 10];

/** The error is 0x1900 and the place of what failed, beside the instruction's own: a log would only repeat it, for units. */
const SILENT = 0;

/** Of a token account; that a token program owns it, `TOKEN_ACCOUNT_MULTI` asks by itself. */
const [OWNER, AMOUNT, DELEGATE, STATE, CLOSE_AUTHORITY] = [1, 2, 3, 4, 7];
/** Of any account. */
const [LAMPORTS, KNOWN_OWNER] = [0, 3];

const [EQUAL, AT_LEAST] = [0, 4];

const NONE = Buffer.of(0);
const INITIALIZED = Buffer.of(1);
const SYSTEM = Buffer.of(0);

/**
 * To be put behind the swap. Both token accounts are still the wallet's alone, since balances do not show one that was handed
 * over: its owner is compared, because an account made for the wallet may be given away and keep its address.
 *
 * @throws RangeError when an amount is no u64.
 */
export const assertSwap = (after: AfterSwap): readonly InstructionData[] => [
  assertTokenAccount(after.source, after.wallet, after.sourceAtLeast),
  assertTokenAccount(after.destination, after.wallet, after.destinationAtLeast),
  assertion(ACCOUNT_INFO_MULTI, after.wallet, [
    is(LAMPORTS, u64(after.lamportsAtLeast), AT_LEAST),
    is(KNOWN_OWNER, SYSTEM, EQUAL),
  ]),
];

/** Whether an instruction of this program, by its data, asserts and does nothing else. */
export function isAssertion(data: Uint8Array): boolean {
  const instruction = data.at(0);
  return instruction !== undefined && instruction >= FIRST_ASSERTION && instruction <= LAST_ASSERTION;
}

const assertTokenAccount = (account: string, wallet: string, atLeast: bigint): InstructionData =>
  assertion(TOKEN_ACCOUNT_MULTI, account, [
    is(AMOUNT, u64(atLeast), AT_LEAST),
    is(OWNER, bs58.decode(wallet), EQUAL),
    is(DELEGATE, NONE, EQUAL),
    is(STATE, INITIALIZED, EQUAL),
    is(CLOSE_AUTHORITY, NONE, EQUAL),
  ]);

/** The number of assertions is below 128, and so its LEB128 is itself. */
const assertion = (instruction: number, account: string, assertions: readonly Buffer[]): InstructionData => ({
  programId: LIGHTHOUSE_PROGRAM,
  accounts: [{ pubkey: account, isSigner: false, isWritable: false }],
  data: Buffer.concat([Buffer.of(instruction, SILENT, assertions.length), ...assertions]).toString("base64"),
});

const is = (field: number, value: Uint8Array, operator: number): Buffer =>
  Buffer.concat([Buffer.of(field), value, Buffer.of(operator)]);

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
