/**
 * What a transaction may use and bids: its compute-unit limit from a simulation, its priority fee from recent ones.
 *
 * Invariants: a bid never costs more lamports than its kind of trade allows; it is never below the floor unless that would;
 * it does not fall from one try to the next; an exit never bids less than an entry would.
 */
import { mulDiv } from "../money/amount.ts";

/** MAX_COMPUTE_UNIT_LIMIT of the chain: more is not given to a transaction. */
export const UNIT_LIMIT_MAX = 1_400_000;

/**
 * A fifth more than simulated: the route may cross a price step more when it lands, or find an account's address a try
 * later. Jupiter's own documentation takes as much; more would be paid for, since the bid is for the whole limit.
 */
const MARGIN_NUMERATOR = 6n;
const MARGIN_DENOMINATOR = 5n;

/** The limit for what a simulation consumed; all there is when it did not say. */
export function unitLimitOf(unitsConsumed: bigint): number {
  if (unitsConsumed <= 0n) return UNIT_LIMIT_MAX;
  const wanted = mulDiv(unitsConsumed, MARGIN_NUMERATOR, MARGIN_DENOMINATOR, "up");
  return wanted < UNIT_LIMIT_MAX ? Number(wanted) : UNIT_LIMIT_MAX;
}

interface Bid {
  /** Which of the recent fees is bid, counted from the lowest. A node tells the least that was enough in each slot, often zero. */
  readonly percentile: number;
  /** Micro-lamports per compute unit. Zero bids are served last, and nodes drop them first. */
  readonly floor: bigint;
  /** For the whole transaction. */
  readonly capLamports: bigint;
}

const BIDS: Readonly<Record<"entry" | "exit", Bid>> = {
  // An entry that comes a block late costs a quote. Its cap, 0.001 SOL, is about a percent of the smallest position.
  entry: { percentile: 50, floor: 10_000n, capLamports: 1_000_000n },
  // An exit that comes late costs what the market falls meanwhile. Up to 0.005 SOL: a tenth of a percent of the largest.
  exit: { percentile: 90, floor: 50_000n, capLamports: 5_000_000n },
};

/** More than a swap may cost in lamports: the highest bid, a signature, a tip and the rent of the accounts it opens. */
export const LAMPORTS_SLACK = 20_000_000n;

/** The most a whole transaction may bid. */
export const capLamportsOf = (kind: "entry" | "exit"): bigint => BIDS[kind].capLamports;

/** Each try bids twice the last: a fee that did not land a transaction was too low, if the fee was it. */
const CLIMB = 2n;

/** Of whatever takes as much as a swap does, 2¹⁶ times the floor is past the cap already. */
const CLIMBS_MAX = 16;

const MICRO_LAMPORTS = 1_000_000n;

/**
 * Micro-lamports per compute unit to bid, in a transaction that may use `unitLimit` of them.
 *
 * @param recent - What was enough in recent slots, in any order; none: the floor decides.
 * @param triesBefore - Attempts of this trade that did not land.
 */
export function unitPriceOf(
  kind: "entry" | "exit",
  recent: readonly bigint[],
  unitLimit: number,
  triesBefore: number,
): bigint {
  const { percentile, floor, capLamports } = BIDS[kind];
  const usual = percentileOf(recent, percentile);
  const climbed = (usual > floor ? usual : floor) * CLIMB ** BigInt(Math.min(triesBefore, CLIMBS_MAX));
  const cap = mulDiv(capLamports, MICRO_LAMPORTS, BigInt(unitLimit), "down");
  return climbed < cap ? climbed : cap;
}

/** The lowest value that so many percent of all do not exceed; zero of none. */
function percentileOf(values: readonly bigint[], percent: number): bigint {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0n;
}
