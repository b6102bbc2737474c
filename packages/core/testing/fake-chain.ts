/** A chain that takes whatever is sent to it; when that lands, and how far it has come, is the test's to say. */
import bs58 from "bs58";
import { amount } from "../src/money/amount.ts";
import type { Commitment, Rpc } from "../src/solana/rpc.ts";
import { type FakeSwap, readSwap } from "./fake-swap.ts";

export interface FakeChain extends Rpc {
  /** The signatures of what was sent, each once, and the bytes that were sent under them. */
  readonly sent: ReadonlyMap<string, ReadonlySet<string>>;
  /** The wallet began with this much of every mint. */
  endow(balance: bigint): void;
  /** From now on everything that was sent, or is, is on the chain at this commitment; before the first time nothing is. */
  reach(commitment: Commitment): void;
}

/** Enough for any size; of lamports and, until it is endowed otherwise, of every mint. */
const RICH = 1_000_000_000_000_000n;

const SLOT = 1_000n;
/** No blockhash gets old here. */
const LAST_VALID = 1_000_000n;
const FEE_LAMPORTS = 6_000n;

export function fakeChain(wallet: string): FakeChain {
  const sent = new Map<string, Set<string>>();
  const swaps = new Map<string, FakeSwap>();
  let reached: Commitment | null = null;
  let endowment = RICH;
  let blockhashes = 0;

  const landed = (signature: string): FakeSwap | undefined => (reached ? swaps.get(signature) : undefined);
  const gained = (mint: string): bigint =>
    [...swaps.keys()].reduce((sum, signature) => sum + movedBy(landed(signature), mint), 0n);

  return {
    sent,
    endow(balance) {
      endowment = balance;
    },
    reach(commitment) {
      reached = commitment;
    },

    async send(transaction) {
      const { signature, swap } = readSwap(transaction);
      swaps.set(signature, swap);
      sent.set(signature, (sent.get(signature) ?? new Set()).add(Buffer.from(transaction).toString("base64")));
    },
    async latestBlockhash() {
      const bytes = Buffer.alloc(32);
      bytes.writeUInt32BE(++blockhashes);
      return { blockhash: bs58.encode(bytes), lastValidBlockHeight: LAST_VALID };
    },
    finalized: async () => ({ blockHeight: SLOT, slot: SLOT }),
    statuses: async (signatures) => ({
      slot: SLOT,
      statuses: signatures.map((signature) =>
        reached && landed(signature) ? { commitment: reached, slot: SLOT, error: null } : null,
      ),
    }),
    isKnownElsewhere: async () => false,
    async transaction(signature) {
      const swap = landed(signature);
      if (!swap) return null;
      const held = (index: number, mint: string, held: bigint) => ({ index, mint, owner: wallet, amount: held });
      return {
        slot: SLOT,
        error: null,
        feeLamports: FEE_LAMPORTS,
        accounts: [wallet, "input", "output"],
        preLamports: [RICH, 1n, 1n],
        postLamports: [RICH - FEE_LAMPORTS, 1n, 1n],
        preTokens: [held(1, swap.inputMint, swap.amountIn), held(2, swap.outputMint, 0n)],
        postTokens: [held(1, swap.inputMint, 0n), held(2, swap.outputMint, swap.amountOut)],
        logs: [],
      };
    },
    lookupTables: async () => [],
    lamports: async () => amount(RICH),
    tokens: async (_wallet, mint) => amount(endowment + gained(mint)),
    simulate: async () => ({ error: null, logs: [], unitsConsumed: 100_000n, slot: SLOT }),
    recentFees: async () => [],
    history: async () => [],
  };
}

function movedBy(swap: FakeSwap | undefined, mint: string): bigint {
  if (swap?.inputMint === mint) return -swap.amountIn;
  return swap?.outputMint === mint ? swap.amountOut : 0n;
}
