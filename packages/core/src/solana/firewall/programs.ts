/**
 * What a swap's transaction may do besides the swap, program by program.
 *
 * Invariants: an instruction is allowed for what it does, read from all of its bytes and accounts; whatever it may do besides
 * is not; what is spent in lamports comes to light here.
 */
import { isAssertion, LIGHTHOUSE_PROGRAM } from "../lighthouse.ts";
import { capLamportsOf, UNIT_LIMIT_MAX } from "../priority-fee.ts";
import { memoOf } from "../memo.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  isTokenAccount,
  MEMO_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAMS,
} from "./addresses.ts";
import type { SwapIntent } from "./intent.ts";
import type { Instruction } from "./message.ts";
import { Reader } from "./reader.ts";
import { TIP_ACCOUNTS, TIP_CAP_LAMPORTS } from "./tips.ts";
import { type Rule, Unsafe } from "./unsafe.ts";

/** Everything in a transaction but its swap. */
export interface Surroundings {
  readonly priorityFeeLamports: bigint;
  readonly tipLamports: bigint;
}

type Check = (instruction: Instruction, intent: SwapIntent) => void;

/** Those of which each does one thing; the compute budget, which is read as a whole, is not among them. */
const CHECKS: ReadonlyMap<string, Check> = new Map([
  [ASSOCIATED_TOKEN_PROGRAM, checkTokenAccount],
  [SYSTEM_PROGRAM, (instruction, intent) => void tipOf(instruction, intent)],
  [MEMO_PROGRAM, checkMemo],
  [LIGHTHOUSE_PROGRAM, checkAssertion],
]);

/** @param instructions - All of the transaction but its swap. @throws Unsafe */
export function checkSurroundings(instructions: readonly Instruction[], intent: SwapIntent): Surroundings {
  const budget = instructions.filter(({ program }) => program === COMPUTE_BUDGET_PROGRAM);
  const others = instructions.filter(({ program }) => program !== COMPUTE_BUDGET_PROGRAM);
  for (const instruction of others) {
    const check = CHECKS.get(instruction.program);
    if (!check) throw new Unsafe("program", `it calls ${instruction.program}`);
    check(instruction, intent);
  }
  // Without it two attempts could be one transaction, and what landed once would be booked twice.
  const memos = others.filter(({ program }) => program === MEMO_PROGRAM).length;
  if (memos !== 1) throw new Unsafe("memo", `it has ${memos} memos`);
  const tips = others.filter(({ program }) => program === SYSTEM_PROGRAM).map((each) => tipOf(each, intent));
  const tipLamports = tips.reduce((sum, lamports) => sum + lamports, 0n);
  if (tipLamports > TIP_CAP_LAMPORTS) {
    throw new Unsafe("tip", `it tips ${tipLamports} lamports: at most ${TIP_CAP_LAMPORTS}`);
  }
  return { priorityFeeLamports: priorityFeeOf(budget, intent), tipLamports };
}

const MICRO_LAMPORTS = 1_000_000n;

const [SET_UNIT_LIMIT, SET_UNIT_PRICE] = [2, 3];

/** Set once each: what a runtime makes of less or more is not ours to guess. @throws Unsafe */
export function priorityFeeOf(budget: readonly Instruction[], { kind }: Pick<SwapIntent, "kind">): bigint {
  const set = new Map<number, bigint>();
  for (const { data, accounts } of budget) {
    const [what, value] = reading("compute_budget", data, (reader): [number, bigint] => {
      const tag = reader.u8();
      return [tag, tag === SET_UNIT_LIMIT ? BigInt(reader.u32()) : reader.u64()];
    });
    const isKnown = what === SET_UNIT_LIMIT || what === SET_UNIT_PRICE;
    if (!isKnown || set.has(what) || accounts.length > 0) {
      throw new Unsafe("compute_budget", `instruction ${what} of the compute budget, or a second one of its kind`);
    }
    set.set(what, value);
  }
  const [limit, price] = [set.get(SET_UNIT_LIMIT), set.get(SET_UNIT_PRICE)];
  if (limit === undefined || price === undefined || limit > BigInt(UNIT_LIMIT_MAX)) {
    throw new Unsafe(
      "compute_budget",
      `a limit of ${limit} units at ${price}: both, and at most ${UNIT_LIMIT_MAX} units`,
    );
  }
  // A runtime rounds up to a lamport.
  const lamports = (limit * price + MICRO_LAMPORTS - 1n) / MICRO_LAMPORTS;
  const cap = capLamportsOf(kind);
  if (lamports > cap) throw new Unsafe("priority_fee", `it bids ${lamports} lamports: at most ${cap} for an ${kind}`);
  return lamports;
}

/** `CreateIdempotent` of the associated token program. */
const CREATE_IDEMPOTENT = 1;

/** @throws Unsafe */
function checkTokenAccount({ data, accounts }: Instruction, { wallet, inputMint, outputMint }: SwapIntent): void {
  const [payer, account, owner, mint, system, program] = accounts.map(({ address }) => address);
  const isOurs =
    data.equals(Buffer.of(CREATE_IDEMPOTENT)) &&
    accounts.length === 6 &&
    payer === wallet &&
    owner === wallet &&
    (mint === inputMint || mint === outputMint) &&
    system === SYSTEM_PROGRAM &&
    program !== undefined &&
    TOKEN_PROGRAMS.includes(program) &&
    account !== undefined &&
    isTokenAccount(account, wallet, mint, program);
  if (isOurs) return;
  const told = `instruction ${data.toString("hex")} for ${account}, of ${owner} for ${mint} under ${program}`;
  throw new Unsafe("token_account", `${told}, is not the opening of an account of ours for this swap`);
}

const TRANSFER = 2;

/** Lamports to a listed account. @throws Unsafe */
function tipOf({ data, accounts }: Instruction, { wallet }: SwapIntent): bigint {
  const lamports = reading("tip", data, (reader) => {
    const what = reader.u32();
    if (what !== TRANSFER) throw new Unsafe("tip", `instruction ${what} of the system program is no transfer`);
    return reader.u64();
  });
  const [from, to] = accounts.map(({ address }) => address);
  if (accounts.length === 2 && from === wallet && to !== undefined && TIP_ACCOUNTS.has(to)) return lamports;
  throw new Unsafe("tip", `it transfers ${lamports} lamports from ${from} to ${to}, which is no tip account`);
}

/** @throws Unsafe */
export function checkMemo({ data, accounts }: Instruction, { attemptId }: Pick<SwapIntent, "attemptId">): void {
  if (accounts.length === 0 && data.toString("utf8") === memoOf(attemptId)) return;
  throw new Unsafe("memo", `its memo is not ${attemptId}'s`);
}

/** @throws Unsafe */
function checkAssertion({ data }: Instruction): void {
  if (!isAssertion(data)) throw new Unsafe("assertion", `instruction ${data.at(0)} of Lighthouse asserts nothing`);
}

/** @throws Unsafe when the data is not read to its end. */
function reading<Read>(rule: Rule, data: Buffer, read: (reader: Reader) => Read): Read {
  const reader = new Reader(data);
  try {
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Unsafe(rule, error.message);
  }
}
