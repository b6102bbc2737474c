/** A landed transaction as the node tells it, in integers and in words of our own. */
import type { TokenBalance, VersionedTransactionResponse } from "@solana/web3.js";
import type { LandedTransaction } from "./fill.ts";

/** Null: the node has the transaction, and does not say what it did. */
export function landedOf({ slot, meta, transaction }: VersionedTransactionResponse): LandedTransaction | null {
  if (!meta) return null;
  const keys = transaction.message.getAccountKeys({ accountKeysFromLookups: meta.loadedAddresses ?? null });
  return {
    slot: BigInt(slot),
    error: meta.err === null ? null : JSON.stringify(meta.err),
    feeLamports: BigInt(meta.fee),
    accounts: keys
      .keySegments()
      .flat()
      .map((key) => key.toBase58()),
    preLamports: meta.preBalances.map(BigInt),
    postLamports: meta.postBalances.map(BigInt),
    preTokens: (meta.preTokenBalances ?? []).map(tokenBalance),
    postTokens: (meta.postTokenBalances ?? []).map(tokenBalance),
    logs: meta.logMessages ?? [],
  };
}

const tokenBalance = (balance: TokenBalance): LandedTransaction["preTokens"][number] => ({
  index: balance.accountIndex,
  mint: balance.mint,
  owner: balance.owner ?? "",
  amount: BigInt(balance.uiTokenAmount.amount),
});
