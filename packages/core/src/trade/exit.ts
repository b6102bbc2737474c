/**
 * What an exit can spend, and what its parts are. Pure.
 *
 * Invariants:
 * - an exit never spends what an open position holds, nor an older one that closes as well, and never more than its own does;
 * - a shortage is judged only while nothing that moves the mint is in flight;
 * - halves are exactly the whole.
 */
import type { Market, Side } from "../market/market.ts";
import { type Amount, amount, mulDiv } from "../money/amount.ts";
import { BPS_ONE, type Bps } from "../money/bps.ts";
import { type Price, valueAt } from "../money/price.ts";
import type { Totals } from "../position/position.ts";
import type { ExitSurroundings } from "./exit.store.ts";

export type Room =
  | { readonly type: "enough" }
  /** What is in flight may still bring what is missing. */
  | { readonly type: "unknown" }
  /** An exit of this much can be made instead; `missing` is not there. */
  | { readonly type: "cut"; readonly amountIn: Amount; readonly missing: Amount }
  /** So much of it is there and can leave now; whether the rest is gone is not known. */
  | { readonly type: "part"; readonly amountIn: Amount }
  | { readonly type: "short"; readonly available: bigint };

/** Fees of a token, or a hand in the wallet: a hundredth missing is no reason to keep the other ninety-nine exposed. */
const TOLERATED_SHORTAGE: Bps = 100 as Bps;

/** Less than a hundredth is not worth an exit of its own while the rest waits. */
const LEAST_PART = 100n;

/**
 * Whether an exit of `planned` can be made from a wallet of `balance`, by a position that holds `held`.
 */
export function roomFor(
  planned: Amount,
  held: Amount,
  balance: Amount,
  { heldByOthers, unfinished }: Pick<ExitSurroundings, "heldByOthers" | "unfinished">,
): Room {
  const free = balance - heldByOthers;
  if (planned <= held && planned <= free) return { type: "enough" };
  if (unfinished) return planned <= held && planned <= balance ? { type: "enough" } : { type: "unknown" };
  if (planned > held) return { type: "cut", amountIn: held, missing: amount(0n) };
  const isTolerable = (planned - free) * BigInt(BPS_ONE) <= planned * BigInt(TOLERATED_SHORTAGE);
  if (free > 0n && isTolerable) return { type: "cut", amountIn: amount(free), missing: amount(planned - free) };
  if (free * LEAST_PART >= planned) return { type: "part", amountIn: amount(free) };
  return { type: "short", available: free };
}

/** Both halves of it; the second has the odd base unit. */
export const halvesOf = (whole: Amount): readonly [Amount, Amount] => [amount(whole / 2n), amount(whole - whole / 2n)];

/**
 * About what `held` of a position's entry is worth in base units of the quote: at the accepted price, or at what it cost
 * while none is known.
 */
export function worthOf(held: bigint, side: Side, totals: Totals, accepted: Price | null, market: Market): bigint {
  if (side === "sell") return held;
  if (accepted !== null) return valueAt(held, accepted, market);
  return totals.entryOut === 0n ? 0n : mulDiv(held, totals.entryIn, totals.entryOut, "down");
}
