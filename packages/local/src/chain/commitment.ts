// How deep a block lies before a node calls it by the next name.

export type Commitment = "processed" | "confirmed" | "finalized";

/** From the weakest to the strongest. */
export const COMMITMENTS = ["processed", "confirmed", "finalized"] as const satisfies readonly Commitment[];

/** Blocks on top of a block that has the commitment. */
export const DEPTH: Readonly<Record<Commitment, number>> = {
  processed: 0,
  // Two thirds of the stake have usually voted for a block by the time the next one is there.
  confirmed: 1,
  // A vote is rooted when its lockout is at its greatest, 31 votes later (MAX_LOCKOUT_HISTORY).
  finalized: 31,
};
