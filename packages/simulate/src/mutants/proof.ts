/** Breaks of what counts as proof: of an attempt's death, of a fill, of the end. */
import type { Rpc, SignatureStatus } from "@backstop/core/solana/rpc";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import type { Chain } from "../world/chain.ts";
import { transactionOf } from "../world/rpc.ts";
import { all, type Mutant, type Tools } from "./mutant.ts";

/** Younger than any blockhash that it could have been made from lives. */
const GIVEN_UP_AFTER_MS = 45_000;

export const expiryByClock: Mutant = {
  name: "expiry-by-wall-clock",
  breaks: "an attempt is dead when it is 45 s old",
  ports: ({ trades, clock }) => ({
    trades: {
      ...all(trades),
      async findMany(tradeIds) {
        const now = clock.now().getTime();
        const aged = (record: TradeRecord): TradeRecord => ({
          ...record,
          attempts: record.attempts.map((each) =>
            now - each.draftedAt.getTime() > GIVEN_UP_AFTER_MS ? { ...each, lastValidBlockHeight: 0n } : each,
          ),
        });
        return (await trades.findMany(tradeIds)).map(aged);
      },
    },
  }),
  // What hardly ever reaches a leader is still on its way when its time seems to be over.
  scenario: { chances: { transactionDropped: 0.97 } },
};

/** Whoever denies it is believed, however little of the chain it has seen. */
const believed = ({ statuses }: Rpc): Pick<Rpc, "statuses"> => ({
  statuses: async (signatures) => ({ ...(await statuses(signatures)), slot: 2n ** 60n }),
});

export const expiryByProcessedHeight: Mutant = {
  name: "expiry-by-processed-height",
  breaks: "an attempt is dead when the newest block is past it, final or not, and a node does not know it",
  ports: ({ rpc }, { chain, name }) => ({
    rpc: name === "confirm-trades" ? { ...rpc, ...believed(rpc), ...newest(rpc, chain) } : rpc,
  }),
  // What lands at the end of its time is not seen by who follows a fork of its own.
  scenario: { chances: { minorityFork: 0.6, transactionDropped: 0.6, transactionLate: 0.9 } },
};

const newest = ({ finalized }: Rpc, chain: Chain): Pick<Rpc, "finalized" | "isKnownElsewhere"> => ({
  async finalized() {
    await finalized();
    return { slot: BigInt(chain.tip), blockHeight: BigInt(chain.slots.heightOf(chain.tip)) };
  },
  isKnownElsewhere: async () => false,
});

export const expiryByAnotherNode: Mutant = {
  name: "expiry-by-another-nodes-height",
  breaks: "the height comes from one node and the silence from another, and nobody asks how far that one has seen",
  ports: ({ rpc }) => ({ rpc: { ...rpc, ...believed(rpc), isKnownElsewhere: async () => false } }),
  // What lands at the end of its time is not yet seen by who is far behind.
  scenario: { chances: { nodeLag: 0.6, transactionDropped: 0.6, transactionLate: 0.9 } },
};

export const slotForHeight: Mutant = {
  name: "slot-for-height",
  breaks: "a slot is compared with a block height",
  ports: ({ rpc }) => ({
    rpc: {
      ...rpc,
      async finalized() {
        const { slot } = await rpc.finalized();
        return { slot, blockHeight: slot };
      },
    },
  }),
};

export const noHistory: Mutant = {
  name: "no-history-search",
  breaks: "a node is asked for what it still has in memory only, and its silence counts",
  ports: ({ rpc }, { chain }) => ({
    rpc: {
      ...rpc,
      async statuses(signatures) {
        const { slot, statuses } = await rpc.statuses(signatures);
        const isRecent = (each: SignatureStatus | null) => each && BigInt(chain.tip) - each.slot < REMEMBERED_SLOTS;
        return { slot, statuses: statuses.map((each) => (isRecent(each) ? each : null)) };
      },
      isKnownElsewhere: async () => false,
    },
  }),
};

/** What a node's cache of statuses goes back to, less than it is. */
const REMEMBERED_SLOTS = 60n;

export const fillAtProcessed: Mutant = {
  name: "fill-at-processed",
  breaks: "a fill is booked from a block that nobody has voted for",
  ports: ({ rpc }, tools) => ({
    rpc: {
      ...rpc,
      async statuses(signatures) {
        const { slot, statuses } = await rpc.statuses(signatures);
        return {
          slot,
          statuses: statuses.map((each) =>
            each?.commitment === "processed" ? { ...each, commitment: "confirmed" } : each,
          ),
        };
      },
      transaction: async (signature, commitment) =>
        (await rpc.transaction(signature, commitment)) ??
        (commitment === "confirmed" ? processed(tools, signature) : null),
    },
  }),
};

function processed({ chain, wallet }: Tools, signature: string) {
  const landed = chain.landed(signature);
  return landed && landed.slot <= chain.tip ? transactionOf(landed, wallet) : null;
}

export const closeAtConfirmed: Mutant = {
  name: "close-at-confirmed",
  breaks: "what is confirmed counts as final",
  ports: ({ rpc }) => ({
    rpc: {
      ...rpc,
      async statuses(signatures) {
        const { slot, statuses } = await rpc.statuses(signatures);
        return {
          slot,
          statuses: statuses.map((each) =>
            each?.commitment === "confirmed" ? { ...each, commitment: "finalized" } : each,
          ),
        };
      },
    },
  }),
};

export const forkIgnored: Mutant = {
  name: "fork-ignored",
  breaks: "what was booked stays booked, whatever becomes of its block",
  ports: ({ fills }) => ({ fills: { ...all(fills), fork: async () => false, move: async () => false } }),
};

export const fillFromQuote: Mutant = {
  name: "fill-from-quote",
  breaks: "what was quoted is booked instead of what the chain says",
  ports: ({ fills, attempts }) => ({
    fills: {
      ...all(fills),
      async land(landing) {
        const attempt = await attempts.find(landing.attemptId);
        return fills.land(attempt ? { ...landing, fill: { ...landing.fill, amountOut: attempt.quotedOut } } : landing);
      },
    },
  }),
};
