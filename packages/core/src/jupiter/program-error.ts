/**
 * Why a transaction failed, from the chain's error and its logs.
 *
 * Invariants: the program that failed first in the logs is the one that is blamed, since callers only pass on what the
 * innermost returned; a number is read in the table of that program alone, because every program counts from 6000; without
 * logs a number means nothing.
 *
 * Source: the error table of Jupiter's program (its IDL), developers.jup.ag, "Common errors", the SPL Token program.
 */
import type { ErrorCode } from "../error.ts";
import { LIGHTHOUSE_PROGRAM } from "../solana/lighthouse.ts";

export const FAILURE_KINDS = [
  // The price moved past what was allowed: more slippage, or a new quote.
  "slippage",
  // The wallet holds too little of the token, or of SOL for fees and rent.
  "funds",
  // The route no longer works: a new quote, or other exchanges.
  "route",
  // An account is missing, closed, frozen or not the one expected.
  "accounts",
  // It was not signed: its route is not asked for again for a while.
  "unsafe",
  "other",
] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface Failure {
  readonly kind: FailureKind;
  /** What a caller is told when nothing is tried any more. */
  readonly code: ErrorCode;
  /** Base58 of the one that failed; null: the logs do not say, or it was no program. */
  readonly program: string | null;
  /** Its own number of the error; null: it is none of its own. */
  readonly custom: number | null;
  readonly name: string;
  /** A sentence for people. */
  readonly message: string;
}

const CODES = {
  slippage: "TRANSACTION_FAILED",
  funds: "INSUFFICIENT_FUNDS",
  route: "TRANSACTION_FAILED",
  accounts: "TRANSACTION_FAILED",
  unsafe: "UNSAFE_TRANSACTION",
  other: "TRANSACTION_FAILED",
} as const satisfies Record<FailureKind, ErrorCode>;

interface Known {
  readonly name: string;
  readonly kind: FailureKind;
}

const known = (name: string, kind: FailureKind): Known => ({ name, kind });

type JupiterErrorNumber =
  | (6000 | 6001 | 6002 | 6003 | 6004 | 6005 | 6006 | 6007 | 6008)
  | (6009 | 6010 | 6011 | 6012 | 6013 | 6014 | 6015 | 6016 | 6017)
  | (6018 | 6019 | 6020 | 6021 | 6022 | 6023 | 6024 | 6025 | 6026);

export const JUPITER_PROGRAM = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";

export const JUPITER_ERRORS = {
  6000: known("EmptyRoute", "route"),
  6001: known("SlippageToleranceExceeded", "slippage"),
  6002: known("InvalidCalculation", "route"),
  6003: known("MissingPlatformFeeAccount", "accounts"),
  6004: known("InvalidSlippage", "other"),
  6005: known("NotEnoughPercent", "route"),
  6006: known("InvalidInputIndex", "route"),
  6007: known("InvalidOutputIndex", "route"),
  6008: known("NotEnoughAccountKeys", "accounts"),
  6009: known("NonZeroMinimumOutAmountNotSupported", "route"),
  6010: known("InvalidRoutePlan", "route"),
  6011: known("InvalidReferralAuthority", "accounts"),
  6012: known("LedgerTokenAccountDoesNotMatch", "accounts"),
  6013: known("InvalidTokenLedger", "accounts"),
  6014: known("IncorrectTokenProgramID", "accounts"),
  6015: known("TokenProgramNotProvided", "accounts"),
  6016: known("SwapNotSupported", "route"),
  6017: known("ExactOutAmountNotMatched", "slippage"),
  6018: known("SourceAndDestinationMintCannotBeTheSame", "other"),
  6019: known("InvalidMint", "accounts"),
  6020: known("InvalidProgramAuthority", "accounts"),
  6021: known("InvalidOutputTokenAccount", "accounts"),
  6022: known("InvalidFeeWallet", "accounts"),
  6023: known("InvalidAuthority", "accounts"),
  6024: known("InsufficientFunds", "funds"),
  6025: known("InvalidTokenAccount", "accounts"),
  6026: known("BondingCurveAlreadyCompleted", "route"),
} as const satisfies Record<JupiterErrorNumber, Known>;

/** SPL Token and Token-2022 share the numbers of the first; the rest of theirs are accounts that are not as expected. */
const TOKEN_ERRORS: Readonly<Record<number, Known>> = {
  1: known("InsufficientFunds", "funds"),
  3: known("MintMismatch", "accounts"),
  4: known("OwnerMismatch", "accounts"),
  17: known("AccountFrozen", "accounts"),
};

interface ErrorTable {
  readonly errors: Readonly<Record<number, Known>>;
  /** Of what is not in it. */
  readonly rest: FailureKind;
}

/** The programs that a swap calls itself; any other that fails is an exchange that the route goes through. */
const PROGRAMS: ReadonlyMap<string, ErrorTable> = new Map([
  [JUPITER_PROGRAM, { errors: JUPITER_ERRORS, rest: "other" }],
  ["TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", { errors: TOKEN_ERRORS, rest: "accounts" }],
  ["TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb", { errors: TOKEN_ERRORS, rest: "accounts" }],
  ["ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", { errors: {}, rest: "accounts" }],
  [
    "11111111111111111111111111111111",
    { errors: { 1: known("ResultWithNegativeLamports", "funds") }, rest: "accounts" },
  ],
  ["ComputeBudget111111111111111111111111111111", { errors: {}, rest: "other" }],
  // An assertion of ours: the swap would have done more than it said.
  [LIGHTHOUSE_PROGRAM, { errors: {}, rest: "unsafe" }],
]);

/** The chain's own errors that are not "other", by the names that transactions and instructions share. */
const CHAIN_ERRORS: ReadonlyMap<string, FailureKind> = new Map([
  ["InsufficientFunds", "funds"],
  ["InsufficientFundsForFee", "funds"],
  ["InsufficientFundsForRent", "funds"],
  ["AccountNotRentExempt", "funds"],
  ["AccountNotFound", "funds"], // of the fee payer: it holds no lamports
  ["AccountDataTooSmall", "accounts"],
  ["IllegalOwner", "accounts"],
  ["IncorrectProgramId", "accounts"],
  ["InvalidAccountData", "accounts"],
  ["InvalidAccountOwner", "accounts"],
  ["MissingAccount", "accounts"],
  ["NotEnoughAccountKeys", "accounts"],
  ["UninitializedAccount", "accounts"],
  ["AddressLookupTableNotFound", "accounts"],
  ["InvalidAddressLookupTableData", "accounts"],
  ["InvalidAddressLookupTableIndex", "accounts"],
  ["InvalidAddressLookupTableOwner", "accounts"],
]);

/** What an exchange runs into because of the limit we set: it says nothing about the route. */
const OUT_OF_COMPUTE = /ComputationalBudgetExceeded|exceeded CUs|computational budget exceeded/i;

const FAILED = /^Program (\w{32,44}) failed: (.*)$/;
const CUSTOM = /^custom program error: 0x([0-9a-f]{1,8})$/i;

/** Why a transaction failed: `error` is the chain's, as JSON. */
export function failureOf(error: string, logs: readonly string[]): Failure {
  const { name, custom: reported } = read(error);
  const [, program = null, words = ""] = logs.map((line) => FAILED.exec(line)).find((match) => match !== null) ?? [];
  const hex = CUSTOM.exec(words)?.[1];
  const custom = hex === undefined ? reported : Number.parseInt(hex, 16);
  const failure = custom === null ? known(name, kindOf(name, program, words)) : customOf(program, custom);
  return { ...failure, code: CODES[failure.kind], program, custom, message: sentence(failure.name, program, custom) };
}

function kindOf(name: string, program: string | null, words: string): FailureKind {
  if (OUT_OF_COMPUTE.test(`${name} ${words}`)) return "other";
  if (program !== null && !PROGRAMS.has(program)) return "route";
  return CHAIN_ERRORS.get(name) ?? "other";
}

function customOf(program: string | null, custom: number): Known {
  const unnamed = `Custom(${custom})`;
  if (program === null) return known(unnamed, "other");
  const table = PROGRAMS.get(program);
  return table ? (table.errors[custom] ?? known(unnamed, table.rest)) : known(unnamed, "route");
}

function sentence(name: string, program: string | null, custom: number | null): string {
  if (program === null) return `the transaction failed with ${name}`;
  const who = program === JUPITER_PROGRAM ? "Jupiter's program" : `program ${program}`;
  const number = custom === null ? "" : ` (0x${custom.toString(16)})`;
  return `${who} failed with ${name}${number}`;
}

/** `"BlockhashNotFound"`, `{"InsufficientFundsForRent":{…}}`, `{"InstructionError":[3,{"Custom":6001}]}`, `{"InstructionError":[0,"…"]}`. */
function read(error: string): { readonly name: string; readonly custom: number | null } {
  const said = parse(error);
  if (!isRecord(said)) return { name: String(said), custom: null };
  const inner = said["InstructionError"];
  const cause: unknown = Array.isArray(inner) ? inner[1] : said;
  if (!isRecord(cause)) return { name: String(cause), custom: null };
  const custom = cause["Custom"];
  if (typeof custom === "number") return { name: `Custom(${custom})`, custom };
  return { name: Object.keys(cause)[0] ?? "unknown", custom: null };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** What is no JSON is a name by itself. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
