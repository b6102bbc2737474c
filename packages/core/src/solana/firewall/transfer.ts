/**
 * The firewall of the operator's own transfers: whether a recorded message moves what its row says, where it says, and does
 * nothing else.
 *
 * Invariants: deny by default: a transfer of a kind has one list of instructions, and each is compared whole, its program, every
 * account and every byte; nothing is looked up in a table; what a mint is comes from our own node.
 *
 * Unwrapping goes by way of an account that lives inside the transaction. To close our account of wrapped SOL would be simpler,
 * and would take whatever has come into it by then, also what an entry has just bought: here the chain itself takes the recorded
 * amount and leaves the rest.
 */
import { createHash } from "node:crypto";
import bs58 from "bs58";
import { type Mint, WRAPPED_SOL } from "../../market/mint.ts";
import type { TransferKind } from "../../transfer/transfer.ts";
import { memoOf } from "../memo.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  isTokenAccount,
  MEMO_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from "./addresses.ts";
import { type Instruction, type Message, readMessage, resolve, tablesOf } from "./message.ts";
import { checkMemo, priorityFeeOf } from "./programs.ts";
import { checkPayer } from "./swap.ts";
import { Unsafe } from "./unsafe.ts";

/** What a mint is, as our own node tells it. */
export interface Token {
  /** Base58: the token program that it belongs to. */
  readonly program: string;
  readonly decimals: number;
}

export interface TransferIntent {
  readonly transferId: string;
  /** Base58. */
  readonly wallet: string;
  readonly kind: TransferKind;
  /** Null: lamports. */
  readonly mint: Mint | null;
  /** Of the mint. */
  readonly token: Token | null;
  readonly amount: bigint;
  /** Base58; null: what moves stays ours. */
  readonly destination: string | null;
}

/** Those besides `message`, `lookup_table`, `payer`, `signers`, `compute_budget`, `priority_fee` and `memo`, which are a swap's. */
export const TRANSFER_RULES = {
  kind: "its row says what it moves, and where",
  steps: "it has the instructions of its kind, in their order, and no others",
  accounts: "it names no account but those",
  open: "it opens the token account that is paid, and no other",
  transfer: "it transfers what is recorded, from us, to whom it is recorded",
  temporary: "it unwraps in an account of its own that nobody else can have",
  sync: "it counts our wrapped SOL anew, and nothing else",
  close: "what it closes is its own account of the moment, or ours of the mint, and pays us",
} as const;

export type TransferRule = keyof typeof TRANSFER_RULES;

class UnsafeTransfer extends Error {
  readonly rule: TransferRule;

  constructor(rule: TransferRule, reason: string) {
    super(reason);
    this.name = "UnsafeTransfer";
    this.rule = rule;
  }
}

export type TransferVerdict =
  | { readonly type: "safe" }
  | { readonly type: "unsafe"; readonly rule: Unsafe["rule"] | TransferRule; readonly reason: string };

/** @param message - Base64, unsigned. */
export function inspectTransfer(message: string, intent: TransferIntent): TransferVerdict {
  try {
    const parts = readMessage(Buffer.from(message, "base64"));
    const tables = tablesOf(parts).length;
    if (tables > 0)
      throw new Unsafe("lookup_table", `it looks addresses up in ${tables} tables: a transfer needs none`);
    check(resolve(parts, new Map()), intent);
    return { type: "safe" };
  } catch (error) {
    if (error instanceof Unsafe || error instanceof UnsafeTransfer) {
      return { type: "unsafe", rule: error.rule, reason: error.message };
    }
    throw error;
  }
}

/** @throws Unsafe, UnsafeTransfer */
function check(message: Message, intent: TransferIntent): void {
  checkPayer(message, intent);
  const of = (program: string) => message.instructions.filter((each) => each.program === program);
  // Nobody waits for it more than for an entry.
  priorityFeeOf(of(COMPUTE_BUDGET_PROGRAM), { kind: "entry" });
  const memos = of(MEMO_PROGRAM);
  if (memos.length !== 1) throw new Unsafe("memo", `it has ${memos.length} memos`);
  for (const memo of memos) checkMemo(memo, { attemptId: intent.transferId });
  checkSteps(
    message.instructions.filter(({ program }) => program !== COMPUTE_BUDGET_PROGRAM && program !== MEMO_PROGRAM),
    stepsOf(intent),
  );
  const named = new Set(
    message.instructions.flatMap(({ program, accounts }) => [program, ...accounts.map(({ address }) => address)]),
  );
  const idle = message.accounts.find(({ address }) => address !== intent.wallet && !named.has(address));
  if (idle) throw new UnsafeTransfer("accounts", `it names ${idle.address}, and does nothing with it`);
}

/** @throws UnsafeTransfer */
function checkSteps(instructions: readonly Instruction[], steps: readonly Step[]): void {
  if (instructions.length !== steps.length) {
    throw new UnsafeTransfer("steps", `it has ${instructions.length} instructions: ${steps.length} belong to its kind`);
  }
  for (const [index, { rule, program, accounts, data }] of steps.entries()) {
    const instruction = instructions[index];
    if (instruction?.program !== program) {
      throw new UnsafeTransfer("steps", `instruction ${index + 1} calls ${instruction?.program}: ${program} is due`);
    }
    const isRight =
      instruction.data.equals(data) &&
      instruction.accounts.length === accounts.length &&
      accounts.every((place, at) => isAt(place, instruction.accounts[at]?.address ?? ""));
    if (!isRight) {
      const told = `instruction ${instruction.data.toString("hex")} of ${program} with ${instruction.accounts.map(({ address }) => address).join(", ")}`;
      throw new UnsafeTransfer(rule, `${told} is not what is recorded`);
    }
  }
}

/** An address, or what it has to be: our account of a mint is known when it is seen. */
type Place = string | ((address: string) => boolean);

const isAt = (place: Place, address: string): boolean =>
  typeof place === "string" ? place === address : place(address);

interface Step {
  readonly rule: TransferRule;
  readonly program: string;
  readonly accounts: readonly Place[];
  readonly data: Buffer;
}

/** Wrapped SOL is of the older program. */
const SOL: Token = { program: TOKEN_PROGRAM, decimals: 9 };

/** @throws UnsafeTransfer when the row does not say what there is to do. */
function stepsOf(intent: TransferIntent): readonly Step[] {
  const { kind, wallet, mint, token, amount, destination, transferId } = intent;
  const wrapped = accountOf(wallet, WRAPPED_SOL, SOL);
  if (kind === "withdraw" && destination !== null && destination !== wallet) {
    if (mint === null) return [lamports(wallet, destination, amount)];
    if (token === null) throw new UnsafeTransfer("kind", `nobody knows what ${mint} is`);
    const to = accountOf(destination, mint, token);
    return [
      open(wallet, to, destination, mint, token),
      tokens(accountOf(wallet, mint, token), to, wallet, mint, token, amount),
    ];
  }
  if (kind === "wrap" && mint === null && destination === null) {
    return [open(wallet, wrapped, wallet, WRAPPED_SOL, SOL), lamports(wallet, wrapped, amount), sync(wrapped)];
  }
  if (kind === "unwrap" && mint === WRAPPED_SOL && destination === null) {
    const moment = temporaryAccount(wallet, transferId);
    return [
      ...temporary(wallet, moment, transferId),
      tokens(wrapped, moment, wallet, WRAPPED_SOL, SOL, amount),
      close(moment, wallet, SOL),
    ];
  }
  // Closing wrapped SOL pays out what is in it, whoever's position that is; any other account has to be empty for the chain.
  if (kind === "reclaim_rent" && mint !== null && mint !== WRAPPED_SOL && token !== null && destination === null) {
    return [close(accountOf(wallet, mint, token), wallet, token)];
  }
  throw new UnsafeTransfer("kind", `a ${kind} of ${mint ?? "lamports"} to ${destination ?? "ourselves"} is none`);
}

const accountOf =
  (owner: string, mint: Mint, { program }: Token): Place =>
  (address) =>
    isTokenAccount(address, owner, mint, program);

/** `CreateIdempotent` of the associated token program. */
const open = (payer: string, account: Place, owner: string, mint: Mint, { program }: Token): Step => ({
  rule: "open",
  program: ASSOCIATED_TOKEN_PROGRAM,
  accounts: [payer, account, owner, mint, SYSTEM_PROGRAM, program],
  data: Buffer.of(1),
});

/** `Transfer` of the system program. */
const lamports = (from: string, to: Place, amount: bigint): Step => ({
  rule: "transfer",
  program: SYSTEM_PROGRAM,
  accounts: [from, to],
  data: Buffer.concat([u32(2), u64(amount)]),
});

/** `TransferChecked` of either token program. */
const tokens = (from: Place, to: Place, owner: string, mint: Mint, token: Token, amount: bigint): Step => ({
  rule: "transfer",
  program: token.program,
  accounts: [from, mint, to, owner],
  data: Buffer.concat([Buffer.of(12), u64(amount), Buffer.of(token.decimals)]),
});

/** `SyncNative`. */
const sync = (account: Place): Step => ({
  rule: "sync",
  program: TOKEN_PROGRAM,
  accounts: [account],
  data: Buffer.of(17),
});

/** `CloseAccount`, by the owner's hand and to the owner. */
const close = (account: Place, owner: string, { program }: Token): Step => ({
  rule: "close",
  program,
  accounts: [account, owner, owner],
  data: Buffer.of(9),
});

/** What an account of 165 bytes has to hold: all of it comes back when it is closed. */
const RENT_LAMPORTS = 2_039_280n;
const ACCOUNT_BYTES = 165n;

/** `CreateAccountWithSeed` and `InitializeAccount3`: an account of wrapped SOL that is ours. */
function temporary(wallet: string, account: string, transferId: string): readonly Step[] {
  const [base, seed] = [bs58.decode(wallet), Buffer.from(memoOf(transferId))];
  const made = [u32(3), base, u64(BigInt(seed.length)), seed, u64(RENT_LAMPORTS), u64(ACCOUNT_BYTES)];
  return [
    {
      rule: "temporary",
      program: SYSTEM_PROGRAM,
      accounts: [wallet, account],
      data: Buffer.concat([...made, bs58.decode(TOKEN_PROGRAM)]),
    },
    {
      rule: "temporary",
      program: TOKEN_PROGRAM,
      accounts: [account, WRAPPED_SOL],
      data: Buffer.concat([Buffer.of(18), base]),
    },
  ];
}

/** Derived from the wallet and the transfer: only the wallet can open it, and no other transfer has it. */
const temporaryAccount = (wallet: string, transferId: string): string =>
  bs58.encode(
    createHash("sha256")
      .update(bs58.decode(wallet))
      .update(memoOf(transferId))
      .update(bs58.decode(TOKEN_PROGRAM))
      .digest(),
  );

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
