/** What the operator's commands do: each one call into core, and what is told of it. */
import { WRAPPED_SOL } from "@backstop/core/market/mint";
import { formatAmount } from "@backstop/core/money/amount";
import { tokenAccount } from "@backstop/core/solana/token-account";
import { driveTransfer } from "@backstop/core/transfer/execute";
import { holdingOf } from "@backstop/core/transfer/holding";
import { Refused } from "@backstop/core/transfer/refused";
import { registerDestination, revokeDestination } from "@backstop/core/transfer/register";
import { requestReclaim, requestUnwrap, requestWithdrawal, requestWrap } from "@backstop/core/transfer/request";
import type { Transfer } from "@backstop/core/transfer/transfer";
import { PublicKey } from "@solana/web3.js";
import { amountOf, assetOf, mintNamed } from "./asset.ts";
import type { Admin } from "./connect.ts";
import type { Command } from "./options.ts";
import { destinationLine, destinationView, transferLine, transferView } from "./view.ts";

/** For people and for programs; `done`: all that was asked for has happened. */
export interface Told {
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  readonly done: boolean;
}

/** More is for the database to tell. */
const LISTED_MAX = 100;

/** @throws Refused with one sentence; whatever the stores, the node or `sign` throw: what is on its way is then in its row. */
export async function run(admin: Admin, command: Command): Promise<Told> {
  switch (command.name) {
    case "deposit-address":
      return depositAddress(admin, command.symbol ?? command.mint);
    case "destinations": {
      const all = await admin.destinations.all(admin.account.accountId);
      const now = admin.clock.now();
      return {
        lines: all.map((each) => destinationLine(each, now)),
        json: { destinations: all.map((each) => destinationView(each, now)) },
        done: true,
      };
    }
    case "register-destination": {
      const keyed = { ...admin, withdrawKey: admin.withdrawKey() };
      const registered = await registerDestination(keyed, command.address, command.label, command.by);
      const now = admin.clock.now();
      return {
        lines: [destinationLine(registered, now)],
        json: { destination: destinationView(registered, now) },
        done: true,
      };
    }
    case "revoke-destination":
      admin.withdrawKey();
      await revokeDestination(admin, command.address, command.by);
      return { lines: [`${command.address} is revoked`], json: { revoked: command.address }, done: true };
    case "withdraw": {
      const key = admin.withdrawKey();
      const mint = assetOf(admin.markets, command.asset);
      const asked = { mint, amount: await amountOf(admin, command.amount, mint), destination: command.to };
      return driven(admin, await requestWithdrawal(admin, asked, command.by, key));
    }
    case "wrap":
      return driven(admin, await requestWrap(admin, await amountOf(admin, command.amount, null), command.by));
    case "unwrap":
      return driven(admin, await requestUnwrap(admin, await amountOf(admin, command.amount, null), command.by));
    case "reclaim-rent":
      return reclaimRent(admin, command.by);
    case "transfers":
      return transfers(admin, command.resume);
    default:
      return command satisfies never;
  }
}

async function depositAddress({ node, account, markets }: Admin, name: string | null): Promise<Told> {
  const { wallet } = account;
  if (name === null) return { lines: [`SOL: ${wallet}`], json: { wallet }, done: true };
  const mint = mintNamed(markets, name);
  const { token } = await holdingOf(node, wallet, mint);
  if (!token) throw new Refused(`${mint} is not a mint`);
  const address = tokenAccount(wallet, mint, new PublicKey(token.program));
  return {
    lines: [`wallet: ${wallet}`, `token account of ${mint}: ${address}`],
    json: { wallet, mint, tokenAccount: address },
    done: true,
  };
}

async function driven(admin: Admin, requested: Transfer): Promise<Told> {
  const transfer = await driveTransfer(admin, requested.transferId);
  return {
    lines: [transferLine(transfer)],
    json: { transfer: transferView(transfer) },
    done: transfer.status === "final",
  };
}

async function transfers(admin: Admin, resume: boolean): Promise<Told> {
  const { accountId } = admin.account;
  if (resume) {
    const unfinished = await admin.transfers.unfinished(accountId);
    if (!unfinished) throw new Refused("no transfer is on its way");
    return driven(admin, unfinished);
  }
  const all = await admin.transfers.list(accountId, LISTED_MAX);
  return { lines: all.map(transferLine), json: { transfers: all.map(transferView) }, done: true };
}

/** One account after the other: each is a transfer of its own. Those of a market with a live position stay, and are told. */
async function reclaimRent(admin: Admin, by: string): Promise<Told> {
  const { node, account, markets } = admin;
  const before = await admin.transfers.unfinished(account.accountId);
  const over = before?.kind === "reclaim_rent" ? [await driveTransfer(admin, before.transferId)] : [];
  const kept: string[] = [];
  const mints = new Set(markets.flatMap(({ baseMint, quoteMint }) => [baseMint, quoteMint]));
  for (const mint of mints) {
    if (mint === WRAPPED_SOL) continue;
    const { balance, rentLamports } = await holdingOf(node, account.wallet, mint);
    if (rentLamports === null || balance > 0n) continue;
    try {
      const requested = await requestReclaim(admin, mint, by);
      over.push(await driveTransfer(admin, requested.transferId));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      kept.push(error.message);
    }
  }
  const final = over.filter(({ status }) => status === "final");
  const back = final.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    lines: [...over.map(transferLine), ...kept, `${formatAmount(back, 9)} SOL came back from ${final.length} accounts`],
    json: { transfers: over.map(transferView), kept, reclaimedLamports: String(back) },
    done: final.length === over.length,
  };
}
