/**
 * Swaps as the fakes tell them to each other: an instruction of the fake Jupiter says what the fake chain is to move.
 *
 * It is the venue's own `route_v2`, so that whoever signs it can look at it as at a real one.
 */
import bs58 from "bs58";
import { MARKET_SEED } from "../src/market/market.ts";
import { mint } from "../src/market/mint.ts";
import { bps, less } from "../src/money/bps.ts";
import { TOKEN_PROGRAM as TOKENS } from "../src/solana/firewall/addresses.ts";
import { decodeMessage } from "../src/solana/firewall/message.ts";
import { JUPITER, readRoute } from "../src/solana/firewall/venue.ts";
import { TOKEN_PROGRAM, tokenAccount } from "../src/solana/token-account.ts";
import type { InstructionData } from "../src/solana/transaction.ts";

export interface FakeSwap {
  readonly inputMint: string;
  readonly outputMint: string;
  readonly amountIn: bigint;
  /** As it was quoted. */
  readonly amountOut: bigint;
  /** With less it fails. */
  readonly minimumOut: bigint;
  /** Whether what it brings goes to whoever signs it. */
  readonly isOurs: boolean;
}

interface Quoted {
  readonly inputMint: string;
  readonly outputMint: string;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  readonly slippageBps: number;
}

const DISCRIMINATOR = Buffer.from("bb64facc31c4af14", "hex");

/** One step: a swap without a payload, of all of the input, from the first token to the second. */
const PLAN = Buffer.from([1, 0, 0, 0, 3, 0x10, 0x27, 0, 1]);

const EVENT_AUTHORITY = "D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf";

export function instructionOf(quote: Quoted, wallet: string): InstructionData {
  const { inputMint, outputMint, amountIn, amountOut, slippageBps } = quote;
  const numbers = Buffer.alloc(22);
  numbers.writeBigUInt64LE(amountIn, 0);
  numbers.writeBigUInt64LE(amountOut, 8);
  numbers.writeUInt16LE(slippageBps, 16); // and no fees
  const read = (pubkey: string) => ({ pubkey, isSigner: false, isWritable: false });
  const written = (pubkey: string) => ({ pubkey, isSigner: false, isWritable: true });
  return {
    programId: JUPITER.program,
    accounts: [
      { pubkey: wallet, isSigner: true, isWritable: true },
      written(accountOf(wallet, inputMint)),
      written(accountOf(wallet, outputMint)),
      ...[inputMint, outputMint, TOKENS, TOKENS, JUPITER.program, EVENT_AUTHORITY, JUPITER.program].map(read),
    ],
    data: Buffer.concat([DISCRIMINATOR, numbers, PLAN]).toString("base64"),
  };
}

const derived = new Map<string, string>();

/** Where the wallet holds the mint: derived once each, since that takes long. */
export function accountOf(wallet: string, of: string): string {
  const key = `${wallet} ${of}`;
  const known = derived.get(key) ?? tokenAccount(wallet, mint(of), TOKEN_PROGRAM);
  derived.set(key, known);
  return known;
}

const MINTS = [...new Set(MARKET_SEED.flatMap(({ baseMint, quoteMint }) => [baseMint, quoteMint]))];

/** The mint that the wallet holds at an address; undefined: it is not an account of its own. */
export const mintAt = (wallet: string, address: string) => MINTS.find((each) => accountOf(wallet, each) === address);

/** The last of them: each is asked for by whoever tries it out, signs it, sends it and judges it. */
const known = new Map<string, FakeSwap>();
const KNOWN_MAX = 1_000;

/** @throws RangeError when there is none in the message. */
export function swapIn(message: Uint8Array): FakeSwap {
  const key = Buffer.from(message).toString("latin1");
  const swap = known.get(key) ?? readIn(message);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, swap);
  return swap;
}

function readIn(message: Uint8Array): FakeSwap {
  const { instructions } = decodeMessage(message, new Map());
  const swap = instructions.find(({ program }) => program === JUPITER.program);
  if (!swap) throw new RangeError("there is no swap in the message");
  const { amountIn, quotedOut, slippageBps } = readRoute(JUPITER, swap.data).arguments;
  const [wallet = "", , destination, inputMint = "", outputMint = ""] = swap.accounts.map(({ address }) => address);
  const isOurs = destination === accountOf(wallet, outputMint);
  const minimumOut = less(quotedOut, bps(slippageBps));
  return { inputMint, outputMint, amountIn, amountOut: quotedOut, minimumOut, isOurs };
}

/** Where a transaction of one signature keeps it, and where its message begins. */
const SIGNATURE_AT = 1;
const MESSAGE_AT = 65;

/** Of a signed transaction: its name on chain, what was signed, and the swap in it. */
export function readSwap(bytes: Uint8Array) {
  const message = bytes.subarray(MESSAGE_AT);
  return { signature: bs58.encode(bytes.subarray(SIGNATURE_AT, MESSAGE_AT)), message, swap: swapIn(message) };
}
