/**
 * Waking the relay after a commit that wrote events. Only for promptness: what nobody was woken for is relayed after the next
 * commit, and by the schedule, so a wake-up that fails is logged and fails nobody.
 */
import { LambdaClient } from "@aws-sdk/client-lambda";
import { type Environment, requireVariable } from "../config.ts";
import type { Log } from "../log.ts";
import { lambdaWake } from "../stop/watch.ts";

export type WakeRelay = () => Promise<void>;

/** Trades and ticks wait for it: one try, and shorter than a tick. */
const WAKE_DEADLINE = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true },
};

export function relayWake(wake: () => Promise<void>, log: Log): WakeRelay {
  return async () => {
    try {
      await wake();
    } catch (error) {
      log.error("relay_not_woken", error);
    }
  };
}

export const wakingRelay = (env: Environment, log: Log): WakeRelay =>
  relayWake(lambdaWake(new LambdaClient(WAKE_DEADLINE), requireVariable(env, "RELAY_EVENTS_FUNCTION")), log);
