/**
 * What a transaction did to what is ours, when our own node tried it out.
 *
 * Invariants: what is compared is of one state, before and after; what is not listed here is not written by it, since no other
 * account of ours can be.
 *
 * A simulation says what a transaction does now, not what it will do when it lands: that is for the rules before it, for the
 * minimum that the chain enforces, and for an assertion inside the transaction.
 */
import bs58 from "bs58";
import { SYSTEM_PROGRAM, TOKEN_PROGRAMS } from "./addresses.ts";
import type { SwapIntent } from "./intent.ts";
import type { ChainAccount } from "./node.ts";
import type { Inspected } from "./swap.ts";
import { Unsafe } from "./unsafe.ts";

/** Of one moment: our wallet, and our accounts of the two mints; null: it is not there. */
export interface Ours {
  readonly wallet: ChainAccount | null;
  readonly source: ChainAccount | null;
  readonly destination: ChainAccount | null;
}

/** What every transaction of one signature costs. */
const SIGNATURE_LAMPORTS = 5_000n;

/** Answers with what the account that is spent from held before. @throws Unsafe */
export function checkEffects(before: Ours, after: Ours, inspected: Inspected, intent: SwapIntent): bigint {
  const { wallet, inputMint, outputMint, amountIn } = intent;
  for (const account of [before.wallet, after.wallet]) {
    const isPlain = account !== null && account.owner === SYSTEM_PROGRAM && account.data.length === 0;
    if (!isPlain) throw new Unsafe("authority", `the wallet is ${account ? `owned by ${account.owner}` : "not there"}`);
  }
  const sourceBefore = tokensIn(before.source, wallet, inputMint);
  const sourceAfter = tokensIn(after.source, wallet, inputMint);
  const spent = sourceBefore - sourceAfter;
  if (spent > amountIn) throw new Unsafe("spent", `tried out, it spends ${spent} base units: at most ${amountIn}`);
  const received = tokensIn(after.destination, wallet, outputMint) - tokensIn(before.destination, wallet, outputMint);
  if (received < inspected.minimumOut) {
    throw new Unsafe("received", `tried out, it brings ${received} base units: at least ${inspected.minimumOut}`);
  }
  const paid = lamportsOf(before) - lamportsOf(after);
  const allowed = SIGNATURE_LAMPORTS + inspected.priorityFeeLamports + inspected.tipLamports;
  if (paid > allowed) throw new Unsafe("lamports", `tried out, it costs ${paid} lamports: at most ${allowed}`);
  return sourceBefore;
}

/**
 * What is ours in lamports, the rent of our token accounts included: opening one costs nothing, closing one to somebody else
 * does. Wrapped lamports are tokens and are counted there, or a swap that brings some could take as many from the wallet.
 */
const lamportsOf = (ours: Ours): bigint =>
  [ours.wallet, ours.source, ours.destination].reduce(
    (sum, each) => sum + (each?.lamports ?? 0n) - wrappedIn(each),
    0n,
  );

function wrappedIn(account: ChainAccount | null): bigint {
  if (account === null || !isTokens(account)) return 0n;
  const bytes = Buffer.from(account.data);
  return bytes.readUInt32LE(LAYOUT.native) === 0 ? 0n : bytes.readBigUInt64LE(LAYOUT.amount);
}

const isTokens = ({ owner, data }: ChainAccount): boolean =>
  TOKEN_PROGRAMS.includes(owner) && data.length >= LAYOUT.length;

/** SPL Token's account, with which those of Token-2022 begin. Source: spl-token, `state::Account`. */
const LAYOUT = {
  mint: 0,
  owner: 32,
  amount: 64,
  delegate: 72,
  state: 108,
  native: 109,
  closeAuthority: 129,
  length: 165,
} as const;

const INITIALIZED = 1;

/**
 * What an account of ours holds, which nobody else may move, freeze or close.
 *
 * @throws Unsafe
 */
export function tokensIn(account: ChainAccount | null, wallet: string, mint: string): bigint {
  if (account === null || account.owner === SYSTEM_PROGRAM) return 0n;
  const { owner, data } = account;
  if (!isTokens(account)) throw new Unsafe("authority", `our account of ${mint} is owned by ${owner}`);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const address = (at: number) => bs58.encode(bytes.subarray(at, at + 32));
  const isSet = (at: number) => bytes.readUInt32LE(at) !== 0;
  const isOurs =
    address(LAYOUT.mint) === mint &&
    address(LAYOUT.owner) === wallet &&
    bytes.readUInt8(LAYOUT.state) === INITIALIZED &&
    !isSet(LAYOUT.delegate) &&
    !isSet(LAYOUT.closeAuthority);
  if (isOurs) return bytes.readBigUInt64LE(LAYOUT.amount);
  throw new Unsafe(
    "authority",
    `our account of ${mint} belongs to somebody else, or somebody else may move or close it`,
  );
}

/** Programs whose accounts obey the wallet that stands in them: tokens, stakes, nonces, votes, programs. */
const AUTHORITY_PROGRAMS: ReadonlySet<string> = new Set([
  ...TOKEN_PROGRAMS,
  SYSTEM_PROGRAM,
  "Stake11111111111111111111111111111111111111",
  "Vote111111111111111111111111111111111111111",
  "BPFLoaderUpgradeab1e11111111111111111111111",
  "LoaderV411111111111111111111111111111111111",
]);

/** As much of an account as says whose it is: none of those programs writes an authority behind it. */
export const HEAD_BYTES = LAYOUT.length;

/** Whether the wallet stands in an account that obeys it. */
export function isOurs({ owner, data }: ChainAccount, wallet: string): boolean {
  return AUTHORITY_PROGRAMS.has(owner) && Buffer.from(data).includes(Buffer.from(bs58.decode(wallet)));
}
