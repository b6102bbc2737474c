/**
 * Asking for a transfer: what is wanted is recorded, with who wanted it, if it is free.
 *
 * Invariant: the same request while one is unfinished is that one, so that whoever was interrupted asks again and nothing is
 * paid twice; any other request waits until it is over.
 */
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Ids } from "../id.ts";
import type { Log } from "../log.ts";
import type { Mint } from "../market/mint.ts";
import { WRAPPED_SOL } from "../market/mint.ts";
import { type Amount, amount as amountOf, formatAmount } from "../money/amount.ts";
import type { FirewallNode } from "../solana/firewall/node.ts";
import type { Token } from "../solana/firewall/transfer.ts";
import { authorizeWithdrawal } from "./authority.ts";
import type { DestinationStore } from "./destination.store.ts";
import { holdingOf, type WalletHolding } from "./holding.ts";
import { freeLamports } from "./limits.ts";
import { checkLate, type LateDeps } from "./late.ts";
import { Refused } from "./refused.ts";
import type { TransferPlanned, TransferStore } from "./transfer.store.ts";
import { isSameRequest, type Transfer, type TransferFacts, type TransferRequest } from "./transfer.ts";

export interface RequestDeps extends LateDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly config: Pick<Config, "jupiter">;
  readonly account: Account;
  readonly transfers: LateDeps["transfers"] & Pick<TransferStore, "plan" | "unfinished" | "find">;
  readonly destinations: Pick<DestinationStore, "find">;
  readonly node: Pick<FirewallNode, "accounts">;
}

/** @throws Refused when it is not registered for a day, or not free, or another one is unfinished. */
export const requestWithdrawal = (
  deps: RequestDeps,
  asked: { readonly mint: Mint | null; readonly amount: Amount; readonly destination: string },
  by: string,
  withdrawKey: string,
): Promise<Transfer> =>
  request(deps, { kind: "withdraw", ...asked }, by, (facts) => authorizeWithdrawal(withdrawKey, facts));

/** @throws Refused */
export const requestWrap = (deps: RequestDeps, lamports: Amount, by: string): Promise<Transfer> =>
  request(deps, { kind: "wrap", mint: null, amount: lamports, destination: null }, by);

/** @throws Refused */
export const requestUnwrap = (deps: RequestDeps, lamports: Amount, by: string): Promise<Transfer> =>
  request(deps, { kind: "unwrap", mint: WRAPPED_SOL, amount: lamports, destination: null }, by);

/**
 * Of the account of that mint.
 *
 * @throws Refused also when it is not empty, or not there.
 */
export async function requestReclaim(deps: RequestDeps, mint: Mint, by: string): Promise<Transfer> {
  if (mint === WRAPPED_SOL)
    throw new Refused("the account of wrapped SOL stays: closing it would pay out what is in it");
  const { balance, rentLamports, token } = await holdingOf(deps.node, deps.account.wallet, mint);
  if (rentLamports === null) throw new Refused(`there is no account of ${mint} to close`);
  if (balance > 0n)
    throw new Refused(`the account of ${mint} holds ${tell(balance, mint, token)}: only an empty one is closed`);
  return request(deps, { kind: "reclaim_rent", mint, amount: amountOf(rentLamports), destination: null }, by);
}

async function request(
  deps: RequestDeps,
  wanted: TransferRequest,
  requestedBy: string,
  authorize: (facts: Omit<TransferFacts, "authorization">) => string | null = () => null,
): Promise<Transfer> {
  const { clock, ids, log, config, account, transfers, node } = deps;
  if (wanted.amount === 0n) throw new Refused("the amount is 0: there is nothing to move");
  const before = await transfers.unfinished(account.accountId);
  if (before) return again(before, wanted);
  await checkLate(deps);
  const plannedAt = clock.now();
  const holding = await holdingOf(node, account.wallet, wanted.mint);
  if (wanted.mint !== null && holding.token === null) throw new Refused(`${wanted.mint} is not a mint`);
  const facts = { ...wanted, transferId: ids.next("tfr"), accountId: account.accountId, requestedBy, plannedAt };
  const balance = wanted.mint === null ? freeLamports(holding.lamports, config) : holding.balance;
  const planned = await transfers.plan({
    ...facts,
    authorization: authorize(facts),
    funds: { balance, at: plannedAt },
  });
  if (planned.outcome === "planned") {
    const { kind, mint, amount, destination } = wanted;
    log.info("transfer_planned", {
      transferId: facts.transferId,
      kind,
      mint,
      amount: String(amount),
      destination,
      by: requestedBy,
    });
    const recorded = await transfers.find(facts.transferId);
    if (!recorded) throw new TypeError(`${facts.transferId} was planned and is not there`);
    return recorded;
  }
  if (planned.outcome === "busy") {
    const other = await transfers.unfinished(account.accountId);
    if (other) return again(other, wanted);
  }
  throw await refusal(deps, wanted, planned, holding);
}

function again(unfinished: Transfer, wanted: TransferRequest): Transfer {
  if (isSameRequest(unfinished, wanted)) return unfinished;
  const { transferId, kind, status } = unfinished;
  throw new Refused(
    `the ${kind} ${transferId} is still ${status}: at most 1 is on its way, finish it by transfers --resume`,
  );
}

async function refusal(
  { account, config, destinations }: RequestDeps,
  { kind, mint, amount, destination }: TransferRequest,
  planned: TransferPlanned,
  { lamports, balance, token }: WalletHolding,
): Promise<Refused> {
  switch (planned.outcome) {
    case "no_funds": {
      const free = planned.free > 0n ? planned.free : 0n;
      const held = mint === null ? lamports : balance;
      const stays =
        mint === null
          ? `${config.jupiter.minSolBalance} SOL and the cost stay`
          : "the rest belongs to positions and entries";
      const [asked, has, left] = [amount, held, free].map((each) => tell(each, mint, token));
      return new Refused(`a ${kind} of ${asked} is more than the ${left} that are free of ${has}: ${stays}`);
    }
    case "unusable": {
      const there = await destinations.find(account.accountId, destination ?? "");
      return new Refused(
        there
          ? `${destination} is registered since ${there.registeredAt.toISOString()}: usable from ${there.usableAt.toISOString()} on`
          : `${destination} is not registered: register it, and withdraw 24 hours later`,
      );
    }
    case "in_use":
      return new Refused(`a position of a market of ${mint} is live: its account stays open`);
    default:
      return new Refused("another transfer has just ended: ask again");
  }
}

const tell = (value: bigint, mint: Mint | null, token: Token | null): string =>
  mint === null ? `${formatAmount(value, 9)} SOL` : `${formatAmount(value, token?.decimals ?? 0)} of ${mint}`;
