/** Transfers and the destinations they may go to, in memory. Invariant: what SQL judges under the account's lock is judged at once. */
import { uniqueViolation } from "../../src/db/error.ts";
import type { DestinationStore } from "../../src/transfer/destination.store.ts";
import { transferOf } from "../../src/transfer/transfer.row.ts";
import {
  type TransferPlan,
  type TransferPlanned,
  type TransferStore,
  youngFrom,
} from "../../src/transfer/transfer.store.ts";
import { TRANSFER_MOVES } from "../../src/transfer/transfer.ts";
import { committedIn } from "./committed.memory.ts";
import { joined, type MemoryDatabase, type TransferRow, within } from "./database.ts";
import { unlessTaken } from "./judged.memory.ts";

export const transfersIn = (db: MemoryDatabase): TransferStore => ({
  async find(transferId) {
    const row = db.transfers.get(transferId);
    return row ? transferOf(row) : null;
  },

  async unfinished(accountId) {
    const row = db.transfers.find("transfer_one_unfinished_per_account", accountId);
    return row ? transferOf(row) : null;
  },

  async list(accountId, limit) {
    return [...db.transfers.descending("account", accountId)].slice(0, limit).map(transferOf);
  },

  plan: async (plan) => planIn(db, plan),

  committed: async (accountId, mint, since) => committedIn(db, accountId, mint, since),

  async draft(transferId, draft) {
    const row = db.transfers.get(transferId);
    const isYoung = row?.draftedAt && row.draftedAt > youngFrom(draft.draftedAt);
    return isYoung ? false : moved(db, transferId, "draft", { ...draft });
  },

  async sign(transferId, message, signature, at) {
    const row = db.transfers.get(transferId);
    if (!row || row.message !== message || !row.draftedAt || row.draftedAt <= youngFrom(at)) return false;
    return isUsable(db, row, at) && moved(db, transferId, "sign", { signature, signedAt: at });
  },

  refuse: async (transferId, error, at) => moved(db, transferId, "refuse", { error, endedAt: at }),
  finalize: async (transferId, landing, at) => moved(db, transferId, "finalize", { ...landing, endedAt: at }),
  fail: async (transferId, error, landing, at) => moved(db, transferId, "error", { ...landing, error, endedAt: at }),
  expire: async (transferId, at) => moved(db, transferId, "expire", { endedAt: at }),
});

function moved(
  db: MemoryDatabase,
  transferId: string,
  event: keyof typeof TRANSFER_MOVES,
  change: Partial<TransferRow>,
): boolean {
  const { from, to } = TRANSFER_MOVES[event];
  if (!within(from, db.transfers.get(transferId)?.status ?? "")) return false;
  return unlessTaken(db, () => db.transfers.update(transferId, { ...change, status: to }));
}

function isUsable(
  db: MemoryDatabase,
  { accountId, destination }: Pick<TransferRow, "accountId" | "destination">,
  at: Date,
): boolean {
  if (destination === null) return true;
  const row = db.destinations.find("destination_one_unrevoked", joined(accountId, destination));
  return row !== undefined && row.usableAt <= at;
}

function planIn(db: MemoryDatabase, plan: TransferPlan): TransferPlanned {
  const { funds, ...facts } = plan;
  const { accountId, kind, mint, amount, plannedAt } = facts;
  if (!isUsable(db, facts, plannedAt)) return { outcome: "unusable" };
  if (kind === "reclaim_rent") {
    if (isInUse(db, accountId, mint)) return { outcome: "in_use" };
  } else {
    const free = funds.balance - (mint === null ? 0n : committedIn(db, accountId, mint, funds.at));
    if (free < amount) return { outcome: "no_funds", free };
  }
  try {
    db.statement(() => db.transfers.insert({ ...NEW_TRANSFER, ...facts }));
    return { outcome: "planned" };
  } catch (error) {
    if (uniqueViolation(error) === "transfer_one_unfinished_per_account") return { outcome: "busy" };
    throw error;
  }
}

function isInUse(db: MemoryDatabase, accountId: string, mint: string | null): boolean {
  for (const { symbol } of db.positions.ascending("liveOf", accountId)) {
    const { baseMint, quoteMint } = db.markets.named(symbol);
    if (baseMint === mint || quoteMint === mint) return true;
  }
  return false;
}

const NEW_TRANSFER = {
  status: "planned",
  message: null,
  blockhash: null,
  lastValidBlockHeight: null,
  signature: null,
  feeLamports: null,
  lamportsChange: null,
  slot: null,
  error: null,
  draftedAt: null,
  signedAt: null,
  endedAt: null,
} as const satisfies Partial<TransferRow>;

export const destinationsIn = (db: MemoryDatabase): DestinationStore => {
  const unrevoked = (accountId: string, address: string) =>
    db.destinations.find("destination_one_unrevoked", joined(accountId, address));
  return {
    register: async (registration) =>
      unlessTaken(db, () => db.destinations.insert({ ...registration, revokedBy: null, revokedAt: null })),

    async revoke(accountId, address, by, at) {
      const row = unrevoked(accountId, address);
      if (!row) return false;
      const key = joined(accountId, address, row.registeredAt.getTime());
      db.statement(() => db.destinations.update(key, { revokedBy: by, revokedAt: at }));
      return true;
    },

    find: async (accountId, address) => unrevoked(accountId, address) ?? null,

    all: async (accountId) => [...db.destinations.descending("account", accountId)],
  };
};
