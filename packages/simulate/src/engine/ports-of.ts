/** The ports of one invocation: every one of them is a call to a world in which it may not come back. */
import { relayWake } from "@backstop/core/event/wake";
import type { Ids } from "@backstop/core/id";
import type { Log } from "@backstop/core/log";
import type { Key } from "@backstop/core/solana/signer";
import type { WatchStore } from "@backstop/core/stop/watch.store";
import type { Invocation, Line } from "../kernel/invocation.ts";
import type { SimulatedBus } from "../world/bus.ts";
import { firewallNodeOver } from "../world/firewall-node.ts";
import { type JupiterDeps, jupiterOver } from "../world/jupiter.ts";
import type { Postgres } from "../world/postgres.ts";
import { type PricesDeps, pricesOver } from "../world/prices.ts";
import type { SimulatedQueues } from "../world/queues.ts";
import { type RpcDeps, rpcOver } from "../world/rpc.ts";
import type { Lambda } from "./lambda.ts";
import type { Ports } from "./ports.ts";

export interface PortsDeps extends RpcDeps, JupiterDeps, PricesDeps {
  readonly ids: Ids;
  readonly postgres: Postgres;
  readonly redis: (invocation: Invocation) => WatchStore;
  readonly key: (invocation: Invocation) => Pick<Key, "sign">;
  readonly queues: SimulatedQueues;
  readonly bus: SimulatedBus;
  readonly lambda: () => Lambda;
  readonly logOf: (name: string) => Log;
}

const error = () => Object.assign(new Error("Lambda did not answer"), { $metadata: {} });

const INVOKING: Line = {
  latency: [10, 60],
  before: [{ fault: "invokeTimeout", error }],
  after: [{ fault: "invokeReplyLost", error }],
};

export function portsOf(deps: PortsDeps, invocation: Invocation): Ports {
  const { ids, postgres, redis, key, queues, bus, lambda, logOf, wallet } = deps;
  const log = logOf(invocation.name);
  const inPassing = (start: () => unknown) => invocation.call(INVOKING, () => void start());
  const signer = key(invocation);
  return {
    accounts: postgres.accounts(invocation),
    markets: postgres.markets(invocation),
    trades: postgres.trades(invocation),
    attempts: postgres.attempts(invocation),
    turns: postgres.turns(invocation),
    exits: postgres.exits(invocation),
    fills: postgres.fills(invocation),
    positions: postgres.positions(invocation),
    stops: postgres.stops(invocation),
    shortages: postgres.shortages(invocation),
    looks: postgres.looks(invocation),
    outbox: postgres.outbox(invocation),
    transfers: postgres.transfers(invocation),
    destinations: postgres.destinations(invocation),
    clock: invocation.clock,
    ids,
    log,
    rpc: rpcOver(deps, invocation),
    firewallNode: firewallNodeOver(deps, invocation),
    jupiter: jupiterOver(deps, invocation),
    priceSource: pricesOver(deps, invocation),
    watched: redis(invocation),
    queues: queues.port(invocation),
    bus: bus.port(invocation),
    key: { wallet, sign: (message) => signer.sign(message) },
    signing: {
      sign: (attemptId) =>
        invocation.call(INVOKING, async () => {
          const outcome = await lambda().invoke("sign", (handler) => handler({ attemptId }));
          if (outcome.type === "answered") return outcome.answer;
          throw error();
        }),
    },
    wakeRelay: relayWake(() => inPassing(() => lambda().invoke("relay-events", (handler) => handler())), log),
    wakeEvaluator: () => inPassing(() => lambda().invoke("evaluate-stops", (handler) => handler())),
  };
}
