/** The deployed handlers, made by their own factories from the ports of one invocation. */
import type { Account } from "@backstop/core/account/account";
import { configFrom } from "@backstop/core/config";
import type { Market } from "@backstop/core/market/market";
import { currentPrice } from "@backstop/core/price/current";
import { JUPITER } from "@backstop/core/solana/firewall/venue";
import { watch } from "@backstop/core/stop/watch";
import { make as confirmTrades } from "../../../../functions/confirm-trades.ts";
import { make as evaluateStops } from "../../../../functions/evaluate-stops.ts";
import { make as executeTrades } from "../../../../functions/execute-trades.ts";
import { make as positions } from "../../../../functions/positions.ts";
import { make as reconcile } from "../../../../functions/reconcile.ts";
import { make as relayEvents } from "../../../../functions/relay-events.ts";
import { make as sign } from "../../../../functions/sign.ts";
import { make as trades } from "../../../../functions/trades.ts";
import { timeoutSeconds } from "../../../../infra/settings.ts";
import type { Ports } from "./ports.ts";

export interface Deployment {
  readonly account: Account;
  readonly markets: readonly Market[];
}

export const API_KEY = "the key of the simulation";

/** Seats, and enough of a day, for every position of a seed; the rest is as it is deployed. */
export const CONFIG = configFrom({
  BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid",
  BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL: "100",
  BACKSTOP_POSITION_MAX_DAILY_SIZE: "100000",
});

const { tickMs } = CONFIG.evaluator;

/** How a function is made, and how long it may run. */
export const FUNCTIONS = {
  trades: {
    timeoutMs: timeoutSeconds.api * 1000,
    make: (ports: Ports, { account, markets }: Deployment) =>
      trades({
        ...ports,
        ...submitting(ports),
        config: CONFIG,
        apiKey: API_KEY,
        account,
        markets,
        balances: ports.rpc,
      }),
  },
  positions: {
    timeoutMs: timeoutSeconds.api * 1000,
    make: (ports: Ports, { account, markets }: Deployment) =>
      positions({
        ...ports,
        config: CONFIG,
        apiKey: API_KEY,
        account,
        markets,
        prices: ports.watched,
        currentPrice: (market) => currentPrice({ ...ports, markets }, market),
        watch: watching(ports),
      }),
  },
  "execute-trades": {
    timeoutMs: timeoutSeconds.executeTrades * 1000,
    make: (ports: Ports, { markets }: Deployment) =>
      executeTrades({ ...ports, ...submitting(ports), config: CONFIG, markets }),
  },
  "confirm-trades": {
    timeoutMs: timeoutSeconds.confirmTrades * 1000,
    make: (ports: Ports, { markets }: Deployment) =>
      confirmTrades({ ...ports, config: CONFIG, markets, watch: watching(ports), prices: ports.watched }),
  },
  reconcile: {
    timeoutMs: timeoutSeconds.reconcile * 1000,
    make: (ports: Ports, { markets }: Deployment) =>
      reconcile({ ...ports, markets, prices: ports.watched, book: ports.watched }),
  },
  "evaluate-stops": {
    timeoutMs: timeoutSeconds.evaluateStops * 1000,
    make: (ports: Ports, { markets }: Deployment) =>
      evaluateStops({ ...ports, markets, prices: ports.priceSource, store: ports.watched, tickMs }),
  },
  "relay-events": {
    timeoutMs: timeoutSeconds.relayEvents * 1000,
    make: (ports: Ports) => relayEvents(ports),
  },
  sign: {
    timeoutMs: timeoutSeconds.sign * 1000,
    make: (ports: Ports, { markets }: Deployment) =>
      sign({
        ...ports,
        ...submitting(ports),
        config: CONFIG,
        markets,
        firewall: { venue: JUPITER, node: ports.firewallNode },
        withdrawKey: null,
      }),
  },
} as const;

export type FunctionName = keyof typeof FUNCTIONS;

const submitting = (ports: Ports) => ({ prices: ports.watched });

const watching = ({ clock, watched, wakeEvaluator }: Ports) =>
  watch({ clock, store: watched, wake: wakeEvaluator, tickMs });
