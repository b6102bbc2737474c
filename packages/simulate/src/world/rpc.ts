/**
 * The `Rpc` that functions get: several nodes, of which the first is asked and all get what is sent.
 *
 * Invariant: every answer comes from one node at one moment, and says which.
 */
import { EngineError } from "@backstop/core/error";
import { amount } from "@backstop/core/money/amount";
import type { LandedTransaction } from "@backstop/core/solana/fill";
import type { Rpc, SignatureStatus } from "@backstop/core/solana/rpc";
import { readSwap, swapIn } from "@backstop/core/testing/fake-swap";
import bs58 from "bs58";
import type { Dice } from "../kernel/dice.ts";
import type { Invocation, Line } from "../kernel/invocation.ts";
import type { Weather } from "../kernel/weather.ts";
import type { Chain, Landed, Signed } from "./chain.ts";
import { commitmentOf, slotAt, type View, viewOf } from "./node.ts";

export interface RpcDeps {
  readonly chain: Chain;
  readonly weather: Weather;
  readonly dice: Dice;
  readonly wallet: string;
  /** Called with everything that is sent, and what it was made from. */
  readonly sent: (signed: Signed, message: string) => void;
}

/** How many nodes get what is sent besides the one that is asked. */
const OTHER_NODES = 2;

const unanswered = (outcome: "known" | "unknown") => () =>
  new EngineError("NETWORK_ERROR", { detail: "the RPC did not answer", upstream: "rpc", outcome });

const refused = () =>
  new EngineError("NETWORK_ERROR", { detail: "the RPC is asked too often (429)", upstream: "rpc", outcome: "known" });

export const QUESTION: Line = {
  latency: [20, 180],
  before: [
    { fault: "rpcTimeout", error: unanswered("known") },
    { fault: "rpcRefusal", error: refused },
  ],
  after: [],
};

const SENDING: Line = {
  latency: [20, 180],
  before: [{ fault: "rpcTimeout", error: unanswered("unknown") }],
  after: [{ fault: "rpcReplyLost", error: unanswered("unknown") }],
};

/** A block later, and now and then much later, but never too late for a blockhash that was new. */
const ARRIVES_SLOTS = [1, 4] as const;
const LATE_SLOTS = [5, 160] as const;

const UNITS = 120_000n;

/** Of one signature; the priority fee is another one for each transaction. */
const SIGNATURE_LAMPORTS = 5_000n;
const PRIORITY_LAMPORTS = 80;

/** The wallet's two token accounts of a swap, and the lamports beside them, as far as anybody looks. */
const ACCOUNT_LAMPORTS = 2_039_280n;

export function rpcOver(deps: RpcDeps, invocation: Invocation): Rpc {
  const { chain, weather, dice, wallet } = deps;
  const ask = <Answer>(question: (view: View) => Answer) =>
    invocation.call(QUESTION, () => question(viewOf(chain, weather, dice)));
  const statusIn = (view: View, signature: string): SignatureStatus | null => {
    const landed = chain.landed(signature);
    const commitment = landed && commitmentOf(view, landed);
    return commitment ? { commitment, slot: BigInt(landed.slot), error: landed.error } : null;
  };

  return {
    latestBlockhash: () =>
      ask((view) => {
        const { blockhash, lastValidBlockHeight } = chain.blockhashAt(slotAt(chain, view, "confirmed"));
        return { blockhash, lastValidBlockHeight: BigInt(lastValidBlockHeight) };
      }),

    finalized: () =>
      ask((view) => {
        const slot = slotAt(chain, view, "finalized");
        return { slot: BigInt(slot), blockHeight: BigInt(chain.slots.heightOf(slot)) };
      }),

    statuses: (signatures) =>
      ask((view) => ({
        slot: BigInt(view.tip),
        statuses: signatures.map((signature) => statusIn(view, signature)),
      })),

    send: (bytes) =>
      invocation.call(SENDING, () => {
        const { signed, message } = read(bytes);
        deps.sent(signed, message);
        if (weather.strikes("transactionDropped")) return;
        const [soonest, latest] = weather.strikes("transactionLate") ? LATE_SLOTS : ARRIVES_SLOTS;
        chain.deliver(signed, dice.whole(soonest, latest));
      }),

    async isKnownElsewhere(signature) {
      const asked = Array.from({ length: OTHER_NODES }, () => ask((view) => statusIn(view, signature)));
      const answers = await Promise.allSettled(asked);
      return answers.some((answer) => answer.status === "fulfilled" && answer.value !== null);
    },

    transaction: (signature, commitment) =>
      ask((view) => {
        const landed = chain.landed(signature);
        return landed && landed.slot <= slotAt(chain, view, commitment) && commitmentOf(view, landed)
          ? transactionOf(landed, wallet)
          : null;
      }),

    lookupTables: async () => [],

    lamports: (_wallet, commitment) => ask((view) => amount(chain.lamports(slotAt(chain, view, commitment)))),

    tokens: (_wallet, mint, commitment, minSlot) =>
      ask((view) => {
        const slot = slotAt(chain, view, commitment);
        if (minSlot !== undefined && BigInt(slot) < minSlot) throw behind(slot, minSlot);
        return amount(chain.tokens(mint, slot));
      }),

    simulate: (message) =>
      ask((view) => {
        const slot = slotAt(chain, view, "confirmed");
        const { error, logs } = chain.outcome(swapIn(Buffer.from(message, "base64")), slot);
        return { error, logs, unitsConsumed: UNITS, slot: BigInt(slot) };
      }),

    recentFees: () => ask(() => []),

    history: (_wallet, mint, untilSlot) =>
      ask((view) => {
        const finalized = slotAt(chain, view, "finalized");
        return chain.entries
          .filter(({ slot, tokens }) => slot <= finalized && BigInt(slot) > untilSlot && tokens.has(mint))
          .map(({ signature, slot, error }) => ({ signature, slot: BigInt(slot), error }))
          .toReversed();
      }),
  };
}

export const behind = (slot: number, minSlot: bigint) => {
  const detail = `the RPC has seen slot ${slot}, not yet ${minSlot}`;
  return new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome: "known" });
};

/** Of a message of version 0 with fewer than 128 keys: where they begin, behind their number, and how long each is. */
const KEYS_AT = 5;
const KEY_BYTES = 32;

function read(bytes: Uint8Array): { readonly signed: Signed; readonly message: string } {
  const { signature, message, swap } = readSwap(bytes);
  const blockhashAt = KEYS_AT + (message[KEYS_AT - 1] ?? 0) * KEY_BYTES;
  return {
    message: Buffer.from(message).toString("base64"),
    signed: {
      signature,
      swap,
      blockhash: bs58.encode(message.subarray(blockhashAt, blockhashAt + KEY_BYTES)),
      feeLamports: SIGNATURE_LAMPORTS + BigInt((bytes[1] ?? 0) * PRIORITY_LAMPORTS),
    },
  };
}

/** As a node tells it: before and after differ by what the wallet gained and lost. */
export function transactionOf({ slot, error, logs, tokens, feeLamports }: Landed, wallet: string): LandedTransaction {
  const moved = [...tokens].map(([mint, gained], index) => ({ index: index + 1, mint, owner: wallet, gained }));
  const accounts = [wallet, ...moved.map(({ mint }) => `account of ${mint}`)];
  const rent = moved.map(() => ACCOUNT_LAMPORTS);
  return {
    slot: BigInt(slot),
    error,
    feeLamports,
    accounts,
    preLamports: [feeLamports, ...rent],
    postLamports: [0n, ...rent],
    preTokens: moved.map(({ gained, ...rest }) => ({ ...rest, amount: gained < 0n ? -gained : 0n })),
    postTokens: moved.map(({ gained, ...rest }) => ({ ...rest, amount: gained < 0n ? 0n : gained })),
    logs,
  };
}
