/**
 * What one RPC node sees at one moment: perhaps an old state, perhaps a fork that nobody else follows.
 *
 * Invariants: a node's own three commitments are of one moment; on a minority fork it goes on counting slots, and shows
 * nothing of what the others have built since.
 */
import type { Dice } from "../kernel/dice.ts";
import type { Weather } from "../kernel/weather.ts";
import { type Chain, CONFIRMED_DEPTH, FINAL_DEPTH, type Landed } from "./chain.ts";

export type Commitment = "processed" | "confirmed" | "finalized";

/** As long as a node that is behind is still given questions. */
const LAG_MAX = 170;

export interface View {
  /** The newest slot that it knows. */
  readonly tip: number;
  /** The last slot that it shares with the others. */
  readonly shared: number;
}

export function viewOf(chain: Chain, weather: Weather, dice: Dice): View {
  const tip = chain.tip - (weather.strikes("nodeLag") ? dice.whole(1, LAG_MAX) : 0);
  const shared = weather.strikes("minorityFork") ? tip - dice.whole(1, FINAL_DEPTH - 1) : tip;
  return { tip, shared };
}

/** The newest slot that it would answer from at this commitment, with a block in it. */
export function slotAt(chain: Chain, { tip, shared }: View, commitment: Commitment): number {
  if (commitment === "finalized") return chain.slots.lastBlock(tip - FINAL_DEPTH);
  return chain.slots.lastBlock(commitment === "processed" ? tip : Math.min(shared, tip - CONFIRMED_DEPTH));
}

/** What it says of a transaction that has landed; null: it does not know of it. */
export function commitmentOf({ tip, shared }: View, { slot }: Landed): Commitment | null {
  if (slot > shared) return null;
  if (slot <= tip - FINAL_DEPTH) return "finalized";
  return slot <= tip - CONFIRMED_DEPTH ? "confirmed" : "processed";
}
