/**
 * What a transaction asserts on chain when it is configured to: that nothing left the wallet but what the trade spends.
 *
 * Invariant: an assertion only makes a transaction fail. What is compared is what the wallet held when it was drafted, so that
 * another trade of the wallet that lands in between makes it fail too, and it is drafted again.
 */
import { LAMPORTS_SLACK } from "../solana/priority-fee.ts";
import { assertSwap } from "../solana/lighthouse.ts";
import type { Rpc } from "../solana/rpc.ts";
import { tokenAccounts } from "../solana/token-account.ts";
import type { InstructionData } from "../solana/transaction.ts";
import type { TradeRecord } from "./trade.store.ts";

/** Behind the swap. None where its instructions name no account of ours for a mint: the firewall refuses that one. */
export async function assertionsOf(
  rpc: Pick<Rpc, "tokens" | "lamports">,
  { trade, wallet }: Pick<TradeRecord, "trade" | "wallet">,
  minimumOut: bigint,
  instructions: readonly InstructionData[],
): Promise<readonly InstructionData[]> {
  const named = new Set(instructions.flatMap(({ accounts }) => accounts.map(({ pubkey }) => pubkey)));
  const [source, destination] = [trade.inputMint, trade.outputMint].map((mint) =>
    tokenAccounts(wallet, mint).find((address) => named.has(address)),
  );
  if (source === undefined || destination === undefined) return [];
  const [spent, brought, lamports] = await Promise.all([
    rpc.tokens(wallet, trade.inputMint, "confirmed"),
    rpc.tokens(wallet, trade.outputMint, "confirmed"),
    rpc.lamports(wallet, "confirmed"),
  ]);
  return assertSwap({
    wallet,
    source,
    destination,
    sourceAtLeast: atLeast(spent - trade.amountIn),
    destinationAtLeast: brought + minimumOut,
    lamportsAtLeast: atLeast(lamports - LAMPORTS_SLACK),
  });
}

const atLeast = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
