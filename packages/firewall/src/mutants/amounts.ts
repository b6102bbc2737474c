/** What a swap spends, and the least it accepts. */
import type { SwapIntent } from "@backstop/core/solana/firewall/intent";
import type { Swap } from "../corpus/swap.ts";
import { type Mutant, mutant, reswapped } from "./mutant.ts";

const U64_MAX = 2n ** 64n - 1n;

/** The attempt's record says so too: only our own floor, which is here as high as what was recorded before, stands. */
const onRecord = (
  name: string,
  does: string,
  recorded: bigint | null,
  change: (swap: Swap) => Partial<Swap>,
): Mutant => {
  const { by, of } = reswapped(name, does, "minimum_out", change);
  return mutant(name, does, by, (specimen) => {
    const changed = of(specimen);
    const { minimumOut } = specimen.intent;
    const intent: SwapIntent = { ...specimen.intent, minimumOut: recorded ?? minimumOut - 1n, leastOut: minimumOut };
    return changed && { ...changed, intent };
  });
};

/** What the minimum comes to when the slippage is a basis point more. */
const A_POINT_LESS = 726_277_000n;

export const AMOUNTS: readonly Mutant[] = [
  reswapped("amount-more", "spends one base unit more", "amount_in", ({ amountIn }) => ({ amountIn: amountIn + 1n })),
  reswapped("amount-less", "spends one base unit less", "amount_in", ({ amountIn }) => ({ amountIn: amountIn - 1n })),
  reswapped("amount-all", "spends all there is", "amount_in", () => ({ amountIn: U64_MAX })),
  reswapped("amount-nothing", "spends nothing", "amount_in", () => ({ amountIn: 0n })),
  reswapped("quote-less", "quotes one base unit less", "recorded_minimum", ({ quotedOut }) => ({
    quotedOut: quotedOut - 1n,
  })),
  reswapped("quote-nothing", "quotes nothing", "recorded_minimum", () => ({ quotedOut: 0n })),
  reswapped("slippage-more", "accepts a basis point more of slippage", "recorded_minimum", ({ slippageBps }) => ({
    slippageBps: slippageBps + 1,
  })),
  reswapped("slippage-all", "accepts any slippage", "recorded_minimum", () => ({ slippageBps: 10_000 })),
  reswapped("slippage-beyond", "accepts more slippage than there is", "recorded_minimum", () => ({
    slippageBps: 65_535,
  })),
  onRecord("quote-less-on-record", "quotes a base unit less, and has it recorded so", null, ({ quotedOut }) => ({
    quotedOut: quotedOut - 1n,
  })),
  onRecord("slippage-more-on-record", "accepts a basis point more, and has it recorded", A_POINT_LESS, () => ({
    slippageBps: 51,
  })),
  onRecord("slippage-all-on-record", "accepts any slippage, and has it recorded", 0n, () => ({ slippageBps: 10_000 })),
  onRecord("slippage-beyond-on-record", "accepts more than there is, and has it recorded", 0n, () => ({
    slippageBps: 65_535,
  })),
  onRecord("quote-nothing-on-record", "quotes nothing, and has it recorded", 0n, () => ({ quotedOut: 0n })),
];
