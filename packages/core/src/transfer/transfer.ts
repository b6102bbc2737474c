/**
 * A transfer: one transaction of the operator's that moves money without trading it. It is driven as an attempt is: recorded
 * before it is signed, signed before it is sent.
 *
 * Invariants:
 * - an account has at most one unfinished transfer (a unique index holds it);
 * - signed is live: once a signature is stored it may land until it is proven that it cannot;
 * - what was asked for never changes; asked for again after the end, it is another transfer.
 */
import type { Mint } from "../market/mint.ts";
import type { Amount } from "../money/amount.ts";
import type { Move } from "../transition.ts";

export const TRANSFER_KINDS = ["withdraw", "wrap", "unwrap", "reclaim_rent"] as const;
export type TransferKind = (typeof TRANSFER_KINDS)[number];

export const TRANSFER_STATUSES = ["planned", "drafted", "live", "final", "errored", "expired", "refused"] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/** What is asked for. */
export interface TransferFacts {
  readonly transferId: string;
  readonly accountId: string;
  readonly kind: TransferKind;
  /** What is withdrawn, unwrapped, or whose empty account is closed; null: lamports. */
  readonly mint: Mint | null;
  /** Base units of the mint, lamports without one; of `reclaim_rent` the lamports that come back. */
  readonly amount: Amount;
  /** Base58, the wallet that is paid; null: what moves stays ours. */
  readonly destination: string | null;
  /** Who asked for it, in their own words. */
  readonly requestedBy: string;
  /** Proof that it was asked for with the withdraw key; null: it needs none. */
  readonly authorization: string | null;
  readonly plannedAt: Date;
}

export interface TransferDraft {
  /** The unsigned message, base64. What is signed and sent is this and nothing else. */
  readonly message: string;
  readonly blockhash: string;
  readonly lastValidBlockHeight: bigint;
  readonly draftedAt: Date;
}

interface Signed extends TransferDraft {
  /** Base58; the transaction's name on chain. */
  readonly signature: string;
  readonly signedAt: Date;
}

/** What the chain says of a transaction that landed. */
export interface Landing {
  /** Network and priority fee. */
  readonly feeLamports: Amount;
  /** What the wallet's own lamports became more by, or, below zero, less: fee, rent of opened accounts and all. */
  readonly lamportsChange: bigint;
  readonly slot: bigint;
}

export type Transfer = TransferFacts &
  (
    | { readonly status: "planned" }
    | ({ readonly status: "drafted" } & TransferDraft)
    | ({ readonly status: "live" } & Signed)
    | ({ readonly status: "final"; readonly endedAt: Date } & Signed & Landing)
    | ({ readonly status: "errored"; readonly endedAt: Date; readonly error: string } & Signed & Landing)
    | ({ readonly status: "expired"; readonly endedAt: Date } & Signed)
    | { readonly status: "refused"; readonly endedAt: Date; readonly error: string }
  );

export const TRANSFER_MOVES = {
  draft: { from: ["planned", "drafted"], to: "drafted" }, // again, when the last draft was not signed in time
  sign: { from: ["drafted"], to: "live" },
  refuse: { from: ["planned", "drafted"], to: "refused" },
  finalize: { from: ["live", "expired"], to: "final" }, // at `finalized`; from expired: should not happen, booked and told
  error: { from: ["live", "expired"], to: "errored" }, // landed with an error, at `finalized`
  expire: { from: ["live"], to: "expired" }, // proven unable to land
} as const satisfies Record<string, Move<TransferStatus>>;

/** The statuses in which no other transfer of the account may exist. */
export const UNFINISHED_TRANSFERS = ["planned", "drafted", "live"] as const satisfies readonly TransferStatus[];

/** Those that take a mint out of what entries may spend. */
export const SPENDING_TRANSFERS = ["withdraw", "unwrap"] as const satisfies readonly TransferKind[];

export const isUnfinished = ({ status }: Transfer): boolean =>
  UNFINISHED_TRANSFERS.some((unfinished) => unfinished === status);

const ID_PREFIX = "tfr_";

/** An id of a transfer, and not of an attempt. */
export const isTransferId = (id: string): boolean => id.startsWith(ID_PREFIX);

export type TransferRequest = Pick<TransferFacts, "kind" | "mint" | "amount" | "destination">;

/** Whether the one was asked for in the words of the other. */
export const isSameRequest = (one: TransferRequest, other: TransferRequest): boolean =>
  one.kind === other.kind &&
  one.mint === other.mint &&
  one.amount === other.amount &&
  one.destination === other.destination;
