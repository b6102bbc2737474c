/** Registering where money may go, a day before it does: an address that is a wallet, and somebody else's. */
import { PublicKey } from "@solana/web3.js";
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAMS } from "../solana/firewall/addresses.ts";
import type { ChainAccount, FirewallNode } from "../solana/firewall/node.ts";
import { authorizeDestination } from "./authority.ts";
import type { DestinationStore } from "./destination.store.ts";
import { DESTINATION_DELAY_MS, type Destination } from "./destination.ts";
import { Refused } from "./refused.ts";

export interface RegisterDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly account: Account;
  readonly destinations: DestinationStore;
  readonly node: Pick<FirewallNode, "accounts">;
  readonly withdrawKey: string;
}

/** @throws Refused when it is no wallet of somebody else's, or registered already. */
export async function registerDestination(
  deps: RegisterDeps,
  address: string,
  label: string,
  registeredBy: string,
): Promise<Destination> {
  await checkWallet(deps, address);
  const registeredAt = deps.clock.now();
  const named = { accountId: deps.account.accountId, address, registeredBy, registeredAt };
  const registration = {
    ...named,
    label,
    usableAt: new Date(registeredAt.getTime() + DESTINATION_DELAY_MS),
    authorization: authorizeDestination(deps.withdrawKey, named),
  };
  if (!(await deps.destinations.register(registration))) {
    const there = await deps.destinations.find(named.accountId, address);
    throw new Refused(`${address} is registered already, and usable from ${there?.usableAt.toISOString()} on`);
  }
  const { label: name, usableAt } = registration;
  deps.log.info("destination_registered", { address, label: name, by: registeredBy, usableAt: usableAt.toISOString() });
  return { ...registration, revokedBy: null, revokedAt: null };
}

/** @throws Refused when it is not registered. */
export async function revokeDestination(
  { clock, log, account, destinations }: Omit<RegisterDeps, "node" | "withdrawKey">,
  address: string,
  by: string,
): Promise<void> {
  if (!(await destinations.revoke(account.accountId, address, by, clock.now()))) {
    throw new Refused(`${address} is not registered, or revoked already`);
  }
  log.info("destination_revoked", { address, by });
}

/** Accounts that hold code. */
const LOADERS: readonly string[] = [
  "NativeLoader1111111111111111111111111111111",
  "BPFLoader1111111111111111111111111111111111",
  "BPFLoader2111111111111111111111111111111111",
  "BPFLoaderUpgradeab1e11111111111111111111111",
  "LoaderV411111111111111111111111111111111111",
];

/** @throws Refused */
async function checkWallet({ account, node }: RegisterDeps, address: string): Promise<void> {
  const key = keyOf(address);
  if (address === account.wallet) throw new Refused(`${address} is the wallet itself`);
  const { accounts } = await node.accounts([address], 0n);
  const [found = null] = accounts;
  if (found && found.owner !== SYSTEM_PROGRAM) throw new Refused(`${address} ${whatIs(found)}: register a wallet`);
  // Of an address off the curve nobody has the key. One that is there and plain is the vault of a program that can pay.
  if (!PublicKey.isOnCurve(key.toBytes()) && (!found || found.data.length > 0)) {
    throw new Refused(`${address} is off the curve and no system account: nobody could sign for what is sent there`);
  }
  if (found && found.data.length > 0)
    throw new Refused(`${address} holds data of the system program: register a wallet`);
}

function keyOf(address: string): PublicKey {
  try {
    const key = new PublicKey(address);
    if (key.toBase58() === address) return key;
  } catch {
    // Whatever it is, it is no address.
  }
  throw new Refused(`"${address}" is no address: 32 bytes in base58`);
}

function whatIs({ owner }: ChainAccount): string {
  if (TOKEN_PROGRAMS.includes(owner)) return "is a token account or a mint";
  return LOADERS.includes(owner) ? "is a program" : `belongs to the program ${owner}`;
}
