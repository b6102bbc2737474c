/** The operator's way in: the variables that the functions have, and their stores, nodes and door to the key. */
import type { Account } from "@backstop/core/account/account";
import { type Config, configFrom, type Environment } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import type { World } from "@backstop/core/library/engine";
import { marketStore } from "@backstop/core/market/market.store";
import type { Market } from "@backstop/core/market/market";
import { type FirewallNode, firewallNode } from "@backstop/core/solana/firewall/node";
import { type Rpc, solanaRpc } from "@backstop/core/solana/rpc";
import type { Signing } from "@backstop/core/solana/signer";
import { isKey } from "@backstop/core/transfer/authority";
import { type DestinationStore, destinationStore } from "@backstop/core/transfer/destination.store";
import { Refused } from "@backstop/core/transfer/refused";
import { type TransferStore, transferStore } from "@backstop/core/transfer/transfer.store";

export interface Admin extends World {
  readonly config: Config;
  readonly account: Account;
  readonly markets: readonly Market[];
  readonly transfers: TransferStore;
  readonly destinations: DestinationStore;
  readonly node: FirewallNode;
  readonly rpc: Rpc;
  readonly signing: Signing;
  /** @throws Refused when it was not given, or is not the deployment's. */
  withdrawKey(): string;
}

export async function connectAdmin(environment: Environment, world: World): Promise<Admin> {
  const config = configFrom(environment);
  const db = Deps.database(environment, world.clock);
  return {
    ...world,
    config,
    account: await Deps.account(environment, db),
    markets: await marketStore(db).all(),
    transfers: transferStore(db),
    destinations: destinationStore(db),
    node: firewallNode(config.jupiter.rpcEndpoint, world.clock),
    rpc: solanaRpc(config.jupiter.rpcEndpoints, world.clock),
    signing: Deps.signing(environment),
    withdrawKey: () => withdrawKeyIn(environment),
  };
}

function withdrawKeyIn(environment: Environment): string {
  const key = Deps.withdrawKey(environment);
  const digest = environment["WITHDRAW_KEY_DIGEST"];
  if (!digest) throw new Refused("WITHDRAW_KEY_DIGEST is not set: this deployment withdraws nothing");
  if (key === null) throw new Refused("BACKSTOP_WITHDRAW_KEY is not set: money leaves with the withdraw key alone");
  if (!isKey(key, digest)) throw new Refused("BACKSTOP_WITHDRAW_KEY is not the withdraw key of this deployment");
  return key;
}
