/**
 * Ledger against chain: what the fills say a wallet holds, and what the chain says, asked separately.
 *
 * Invariant: the expected holdings come from booked fills alone and the actual ones from finalized balances alone.
 */
import type { Mint } from "@backstop/core/market/mint";
import type { Rpc } from "@backstop/core/solana/rpc";
import { feeOf } from "@backstop/core/trade/attempt";
import type { TradeRecord } from "@backstop/core/trade/trade.store";

/** Base units by mint, and the wallet's lamports. */
export interface Holdings {
  readonly tokens: ReadonlyMap<Mint, bigint>;
  readonly lamports: bigint;
}

export async function holdingsOnChain(rpc: Rpc, wallet: string, mints: readonly Mint[]): Promise<Holdings> {
  const amounts = await Promise.all(mints.map((mint) => rpc.tokens(wallet, mint, "finalized")));
  return {
    tokens: new Map(mints.map((mint, index) => [mint, amounts[index] ?? 0n])),
    lamports: await rpc.lamports(wallet, "finalized"),
  };
}

/** What the wallet holds after the fills and the fees of `trades`, if it held `before` before them. */
export function holdingsByLedger(before: Holdings, trades: readonly TradeRecord[]): Holdings {
  const tokens = new Map(before.tokens);
  let { lamports } = before;
  const add = (mint: Mint, amount: bigint) => tokens.set(mint, (tokens.get(mint) ?? 0n) + amount);
  for (const { trade, attempts } of trades) {
    for (const attempt of attempts) {
      lamports -= feeOf(attempt) ?? 0n;
      if (!("fill" in attempt)) continue;
      add(trade.inputMint, -attempt.fill.amountIn);
      add(trade.outputMint, attempt.fill.amountOut);
      lamports -= attempt.fill.rentLamports + attempt.fill.tipLamports;
    }
  }
  return { tokens, lamports };
}

export interface Difference {
  /** A mint, or `lamports`. */
  readonly of: string;
  readonly ledger: bigint;
  readonly chain: bigint;
}

/** Where the two do not agree; empty: they are equal to the base unit. */
export function differences(ledger: Holdings, chain: Holdings): readonly Difference[] {
  const mints = new Set([...ledger.tokens.keys(), ...chain.tokens.keys()]);
  return [
    ...[...mints].map((mint) => ({
      of: mint,
      ledger: ledger.tokens.get(mint) ?? 0n,
      chain: chain.tokens.get(mint) ?? 0n,
    })),
    { of: "lamports", ledger: ledger.lamports, chain: chain.lamports },
  ].filter((each) => each.ledger !== each.chain);
}
