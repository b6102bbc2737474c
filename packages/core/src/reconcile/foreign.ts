/** What other transactions than our own, trades and transfers, took from a wallet. */
import type { Mint } from "../market/mint.ts";
import { gained } from "../solana/fill.ts";
import type { Rpc } from "../solana/rpc.ts";
import type { ShortageStore } from "./shortage.store.ts";

export interface ForeignDeps {
  readonly shortages: Pick<ShortageStore, "own">;
  readonly rpc: Pick<Rpc, "history" | "transaction">;
}

export interface Outflow {
  /** What they took, less what they brought: below zero when they brought more. */
  readonly amount: bigint;
  readonly signatures: readonly string[];
}

/** A history of this length may be the newest part of a longer one. */
const HISTORY_CUT_OFF = 1_000;

/** More than a person does by hand between two looks; each costs a question. */
const TRANSACTIONS_MAX = 100;

/** Questions at once: what a node answers without calling it too many. */
const AT_ONCE = 10;

/** At `finalized`, after `since`; null: it cannot be told, because there is too much of it or a node does not have it. */
export async function takenByOthers(
  { shortages, rpc }: ForeignDeps,
  wallet: string,
  mint: Mint,
  since: bigint,
): Promise<Outflow | null> {
  const history = await rpc.history(wallet, mint, since);
  if (history.length >= HISTORY_CUT_OFF) return null;
  const own = await shortages.own(history.map(({ signature }) => signature));
  const foreign = history.filter(({ signature, error }) => error === null && !own.has(signature));
  if (foreign.length > TRANSACTIONS_MAX) return null;
  let brought = 0n;
  for (let from = 0; from < foreign.length; from += AT_ONCE) {
    const asked = foreign.slice(from, from + AT_ONCE);
    const transactions = await Promise.all(asked.map(({ signature }) => rpc.transaction(signature, "finalized")));
    for (const transaction of transactions) {
      if (!transaction) return null;
      brought += gained(transaction, wallet, mint);
    }
  }
  return { amount: -brought, signatures: foreign.map(({ signature }) => signature) };
}
