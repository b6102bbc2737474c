/** Outbox to EventBridge: called after commits, by the schedule, by a message or by hand. What it is called with says nothing. */
import * as Deps from "@backstop/core/deps";
import { eventBus } from "@backstop/core/event/bus";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { type RelayDeps, type Relayed, relayEvents } from "@backstop/core/event/relay";
import type { BatchAnswer } from "@backstop/core/queue/batch";
import { clock, log, once } from "./system.ts";

/** SQS reads that no message failed; the others read what was done. */
type Handler = () => Promise<Relayed & BatchAnswer>;

export function make(deps: RelayDeps): Handler {
  return async () => ({ batchItemFailures: [], ...(await relayEvents(deps)) });
}

const real = once(async () => {
  const { env } = process;
  return make({ clock, log, outbox: outboxStore(Deps.database(env, clock)), bus: eventBus(env) });
});

export const handler: Handler = async () => (await real())();
