/**
 * What the chain's answer means for an attempt. Pure, and the only place that calls an attempt dead.
 *
 * Invariants:
 * - a time-out, an error and a missing status mean "unknown"; only proof ends an attempt, and never a clock;
 * - expired: the finalized block height has passed its last valid one, and a node that has seen at least
 *   `PAST_SLOTS` slots after the last one it could have landed in knows nothing of it, history searched;
 * - an error on chain is believed at `finalized`;
 * - what had landed is lost only by the same proofs; without one, it may land again.
 */
import type { SignatureStatus } from "../solana/rpc.ts";
import type { Attempt } from "./attempt.ts";

/** The tower's depth: blocks buried this deep are not forked away. */
const PAST_SLOTS = 32n;

/** What two questions to the chain told, the height asked first. */
export interface ChainView {
  readonly finalized: { readonly blockHeight: bigint; readonly slot: bigint };
  /** The slot up to which the node that told the status had seen. */
  readonly statusSlot: bigint;
}

/** Of what has not been seen to land. */
export type LiveVerdict =
  | { readonly type: "wait" }
  | { readonly type: "rebroadcast" }
  | { readonly type: "landed" }
  | { readonly type: "errored"; readonly error: string }
  | { readonly type: "expired" };

export type Verdict =
  | LiveVerdict
  | { readonly type: "moved" }
  | { readonly type: "final" }
  | { readonly type: "forked" }
  /** Forked, and proven dead: it landed with an error instead, or cannot land any more. */
  | { readonly type: "lost"; readonly errored: boolean };

const WAIT = { type: "wait" } as const;

export function verdictOn(
  attempt: Extract<Attempt, { status: "live" | "landed" }>,
  status: SignatureStatus | null,
  view: ChainView,
): Verdict {
  return attempt.status === "landed" ? onLanded(attempt, status, view) : verdictOnLive(attempt, status, view);
}

export function verdictOnLive(
  { lastValidBlockHeight }: Pick<Attempt, "lastValidBlockHeight">,
  status: SignatureStatus | null,
  view: ChainView,
): LiveVerdict {
  if (status === null) return isExpired(lastValidBlockHeight, view) ? { type: "expired" } : { type: "rebroadcast" };
  if (status.error !== null) {
    return status.commitment === "finalized" ? { type: "errored", error: status.error } : WAIT;
  }
  return status.commitment === "processed" ? WAIT : { type: "landed" };
}

function onLanded(
  { fill, lastValidBlockHeight }: Extract<Attempt, { status: "landed" }>,
  status: SignatureStatus | null,
  view: ChainView,
): Verdict {
  if (status === null) {
    if (view.statusSlot < fill.slot + PAST_SLOTS) return WAIT;
    return isExpired(lastValidBlockHeight, view) ? { type: "lost", errored: false } : { type: "forked" };
  }
  if (status.commitment === "processed") return WAIT;
  // The block that was booked is gone. With an error now, so is the swap; without one it stands elsewhere.
  if (status.error !== null) {
    return status.commitment === "finalized" ? { type: "lost", errored: true } : { type: "forked" };
  }
  if (status.slot !== fill.slot) return { type: "moved" };
  return status.commitment === "finalized" ? { type: "final" } : WAIT;
}

/**
 * A block takes a transaction by its parent's blockhashes, so the last one that can is one block above
 * `lastValidBlockHeight`. Heights never outrun slots, so that block's slot is at most
 * `finalized.slot − (finalized.blockHeight − its height)`.
 */
function isExpired(lastValidBlockHeight: bigint, { finalized, statusSlot }: ChainView): boolean {
  const passed = finalized.blockHeight - (lastValidBlockHeight + 1n);
  if (passed <= 0n || statusSlot < finalized.slot) return false;
  return statusSlot - (finalized.slot - passed) >= PAST_SLOTS;
}
