/** All that an invocation of any function may be given; a mutant puts something else in the place of some of it. */
import type { Clock } from "@backstop/core/clock";
import type { Bus } from "@backstop/core/event/bus";
import type { WakeRelay } from "@backstop/core/event/wake";
import type { Ids } from "@backstop/core/id";
import type { JupiterApi } from "@backstop/core/jupiter/client";
import type { Log } from "@backstop/core/log";
import type { PriceSource } from "@backstop/core/price/accepted";
import type { Queues } from "@backstop/core/queue/queue";
import type { Rpc } from "@backstop/core/solana/rpc";
import type { FirewallNode } from "@backstop/core/solana/firewall/node";
import type { Key, Signing } from "@backstop/core/solana/signer";
import type { WatchStore } from "@backstop/core/stop/watch.store";
import type { Stores } from "@backstop/core/testing/stores.given";

export interface Ports extends Stores {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly rpc: Rpc;
  readonly firewallNode: FirewallNode;
  readonly jupiter: JupiterApi;
  readonly priceSource: PriceSource;
  readonly watched: WatchStore;
  readonly queues: Queues;
  readonly signing: Signing;
  readonly key: Key;
  readonly bus: Bus;
  readonly wakeRelay: WakeRelay;
  readonly wakeEvaluator: () => Promise<void>;
}
