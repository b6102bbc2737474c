/** What people call a mint, and how much of it they mean. */
import type { Market } from "@backstop/core/market/market";
import { type Mint, mint as mintOf, WRAPPED_SOL } from "@backstop/core/market/mint";
import { type Amount, parseAmount } from "@backstop/core/money/amount";
import { holdingOf } from "@backstop/core/transfer/holding";
import { Refused } from "@backstop/core/transfer/refused";
import type { Admin } from "./connect.ts";

const SOL_DECIMALS = 9;

/** Null: lamports. @throws Refused */
export const assetOf = (markets: readonly Market[], name: string): Mint | null =>
  name === "SOL" ? null : mintNamed(markets, name);

/** @throws Refused when it is neither a symbol of a market nor an address. */
export function mintNamed(markets: readonly Market[], name: string): Mint {
  if (name === "SOL" || name === "WSOL") return WRAPPED_SOL;
  for (const { symbol, baseMint, quoteMint } of markets) {
    const [base, quote] = symbol.split("/");
    if (base === name) return baseMint;
    if (quote === name) return quoteMint;
  }
  try {
    return mintOf(name);
  } catch {
    const symbols = [...new Set(markets.flatMap(({ symbol }) => symbol.split("/")))].toSorted();
    throw new Refused(`"${name}" is none of ${symbols.join(", ")}, and not the address of a mint`);
  }
}

/** By the decimals that our own node tells. @throws Refused */
export async function amountOf({ node, account }: Admin, text: string, mint: Mint | null): Promise<Amount> {
  const token = mint === null ? null : (await holdingOf(node, account.wallet, mint)).token;
  if (mint !== null && token === null) throw new Refused(`${mint} is not a mint`);
  try {
    return parseAmount(text, token?.decimals ?? SOL_DECIMALS);
  } catch (error) {
    throw new Refused(error instanceof Error ? error.message : String(error));
  }
}
