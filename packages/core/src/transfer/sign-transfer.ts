/**
 * Signing a transfer: the other path through the one door to the key.
 *
 * Invariants: it takes an id and nothing else; it believes no row of a withdrawal or of its destination without proof that who
 * wrote it held the withdraw key; it signs what the row holds, once, while the row is drafted, young, and goes where it may; what
 * is free it has seen itself; a signature is handed out only after it is stored, and asking again returns the stored one.
 */
import type { AccountStore } from "../account/account.store.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { WRAPPED_SOL } from "../market/mint.ts";
import type { FirewallNode } from "../solana/firewall/node.ts";
import { inspectTransfer } from "../solana/firewall/transfer.ts";
import { Unsafe } from "../solana/firewall/unsafe.ts";
import type { Key, SignAnswer } from "../solana/signer.ts";
import { authorizeDestination, authorizeWithdrawal, isAuthorized } from "./authority.ts";
import type { DestinationStore } from "./destination.store.ts";
import { isUsable } from "./destination.ts";
import { holdingOf, type WalletHolding } from "./holding.ts";
import { freeLamports } from "./limits.ts";
import { type TransferStore, youngFrom } from "./transfer.store.ts";
import type { Transfer } from "./transfer.ts";

export interface SignTransferDeps {
  readonly clock: Clock;
  readonly config: Pick<Config, "jupiter">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly transfers: Pick<TransferStore, "find" | "sign" | "committed">;
  readonly destinations: Pick<DestinationStore, "find">;
  readonly firewall: { readonly node: Pick<FirewallNode, "accounts"> };
  /** Null: nothing is ever withdrawn. */
  readonly withdrawKey: string | null;
  readonly key: Key;
}

const unwanted = (reason: string): SignAnswer => ({ outcome: "unwanted", reason });

const refused = (rule: string, reason: string): SignAnswer => ({
  outcome: "refused",
  code: "UNSAFE_TRANSACTION",
  rule,
  reason,
});

/** @throws whatever a store, the node or the key throws: whether it signed is then seen by asking again. */
export async function signTransfer(deps: SignTransferDeps, transferId: string): Promise<SignAnswer> {
  const transfer = await deps.transfers.find(transferId);
  if (!transfer) return refused("known_transfer", `there is no transfer ${transferId}`);
  if ("signature" in transfer) return { outcome: "signed", signature: transfer.signature };
  if (transfer.status !== "drafted") return unwanted(`transfer ${transferId} is ${transfer.status}`);
  if (transfer.draftedAt <= youngFrom(deps.clock.now())) return unwanted(`the draft of ${transferId} is too old`);

  const refusal = (await rowsRefusal(deps, transfer)) ?? (await chainRefusal(deps, transfer));
  if (refusal) return refusal;
  const signature = await deps.key.sign(transfer.message);
  if (await deps.transfers.sign(transferId, transfer.message, signature, deps.clock.now())) {
    return { outcome: "signed", signature };
  }
  const now = await deps.transfers.find(transferId);
  return now && "signature" in now
    ? { outcome: "signed", signature: now.signature }
    : unwanted(`transfer ${transferId} is ${now?.status}, drafted anew, too old, or its destination is revoked`);
}

/** What the rows and the clock say against it. */
async function rowsRefusal(deps: SignTransferDeps, transfer: Transfer): Promise<SignAnswer | null> {
  const { accountId, destination, transferId } = transfer;
  const account = await deps.accounts.find(accountId);
  if (account?.wallet !== deps.key.wallet) {
    return refused("wallet", `${accountId} has the wallet ${account?.wallet}: the key is ${deps.key.wallet}'s`);
  }
  if (transfer.kind !== "withdraw") return null;
  const { withdrawKey } = deps;
  if (withdrawKey === null) return refused("authority", "this deployment has no withdraw key, so nothing is withdrawn");
  if (!isAuthorized(transfer.authorization, authorizeWithdrawal(withdrawKey, transfer))) {
    return refused("authority", `${transferId} was not asked for with the withdraw key`);
  }
  const registered = destination === null ? null : await deps.destinations.find(accountId, destination);
  if (!registered) return refused("destination", `${destination} is not registered, or revoked`);
  if (!isAuthorized(registered.authorization, authorizeDestination(withdrawKey, registered))) {
    return refused("destination", `${destination} was not registered with the withdraw key`);
  }
  const now = deps.clock.now();
  if (isUsable(registered, now)) return null;
  const [since, usable] = [registered.registeredAt, registered.usableAt].map((each) => each.toISOString());
  return refused("destination", `${destination} is registered since ${since}: usable from ${usable} on`);
}

/** What our own node says against it. */
async function chainRefusal(
  deps: SignTransferDeps,
  transfer: Extract<Transfer, { status: "drafted" }>,
): Promise<SignAnswer | null> {
  const { wallet } = deps.key;
  const askedAt = deps.clock.now();
  let holding: WalletHolding;
  try {
    // What is wrapped goes into an account that has to be ours still.
    holding = await holdingOf(deps.firewall.node, wallet, transfer.kind === "wrap" ? WRAPPED_SOL : transfer.mint);
  } catch (error) {
    if (!(error instanceof Unsafe)) throw error;
    return refused(error.rule, error.message);
  }
  const short = await shortOf(deps, transfer, holding, askedAt);
  if (short !== null) return refused("free", short);
  const verdict = inspectTransfer(transfer.message, { ...transfer, wallet, token: holding.token });
  return verdict.type === "unsafe" ? refused(verdict.rule, verdict.reason) : null;
}

/** Why it takes more than is free; null: it does not. What is committed counts the transfer itself. */
async function shortOf(
  { config, transfers }: SignTransferDeps,
  { kind, mint, accountId, amount }: Transfer,
  { lamports, balance, rentLamports }: WalletHolding,
  askedAt: Date,
): Promise<string | null> {
  if (kind === "reclaim_rent") {
    return rentLamports !== null && balance === 0n ? null : `the account of ${mint} holds ${balance}, or is not there`;
  }
  if (mint === null) {
    const free = freeLamports(lamports, config);
    return amount <= free ? null : `it takes ${amount} of ${lamports} lamports: ${free} are free`;
  }
  const committed = await transfers.committed(accountId, mint, askedAt);
  return committed <= balance ? null : `the wallet holds ${balance} of ${mint}: with it ${committed} are spoken for`;
}
