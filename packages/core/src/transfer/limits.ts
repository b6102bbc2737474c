/** What has to stay in a wallet when lamports are taken out of it. */
import type { Config } from "../config.ts";
import { parseAmount } from "../money/amount.ts";

const SOL_DECIMALS = 9;

/**
 * What one transfer costs at most: 5 000 lamports for its signature, 1 000 000 as an entry may bid for its place, and the rent of
 * a token account that it opens, 2 039 280 and a little more under Token-2022.
 */
export const COST_LAMPORTS_MAX = 4_000_000n;

/** What may be taken of a wallet's lamports: the rest pays for exits, which must never wait for somebody to bring SOL. */
export function freeLamports(lamports: bigint, { jupiter }: Pick<Config, "jupiter">): bigint {
  const free = lamports - parseAmount(jupiter.minSolBalance, SOL_DECIMALS) - COST_LAMPORTS_MAX;
  return free > 0n ? free : 0n;
}
