/**
 * EventBridge's PutEvents, with rules in memory whose targets are functions. As there, a request may fail in part, an
 * event is delivered at least once to each rule that matches it, in no order, and a target that fails gets it again.
 */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { type Front, listen, serverOf, stop } from "../listen.ts";
import { Deliveries } from "./deliveries.ts";
import { accept, type BusEvent, EventEntry, type Refusal, sizeInBytes } from "./event-entry.ts";
import { type EventPattern, matches } from "./event-pattern.ts";

export interface Rule {
  readonly name: string;
  readonly pattern: EventPattern;
  /** The bus it listens on; `default` is the one every account has. */
  readonly bus?: string;
  readonly target: (event: BusEvent) => Promise<unknown>;
}

export interface EventBus {
  readonly endpoint: string;
  /** Resolves when every event that was accepted is delivered or dropped. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** EventBridge tries for 24 h, up to 185 times. A local target that failed four times in 2 s will fail for good. */
const RETRY_WAITS_MS = [100, 400, 1_500];
/** Of one request, by the documentation: 10 entries of 1 MB together. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 1024 * 1024;

const Request = z.object({ Entries: z.array(EventEntry).default([]) });

export async function startEventBus({
  rules,
  onDropped,
  front,
}: {
  rules: readonly Rule[];
  onDropped?: (rule: Rule, event: BusEvent, error: unknown) => void;
  front?: Front;
}): Promise<EventBus> {
  const deliveries = new Deliveries();

  function put(entry: EventEntry): { EventId: string } | Refusal {
    const event = accept(entry);
    if ("ErrorCode" in event) return event;
    const bus = entry.EventBusName.split("/").at(-1); // of a name or an ARN
    for (const rule of rules) {
      if ((rule.bus ?? "default") !== bus || !matches(rule.pattern, event)) continue;
      const waitsMs = RETRY_WAITS_MS.values();
      deliveries.add({
        attempt: async () => rule.target(structuredClone(event)),
        waitMs: () => waitsMs.next().value,
        onDropped: (error) => onDropped?.(rule, event, error),
      });
    }
    return { EventId: event.id };
  }

  const app = new Hono();
  app.post("/", async (c) => {
    const operation = c.req.header("x-amz-target");
    if (operation !== "AWSEvents.PutEvents") return refuse(c, "UnknownOperationException", `${operation}`);
    const { data, error } = Request.safeParse(await c.req.json().catch(() => undefined));
    if (!data) return refuse(c, "SerializationException", error.message);
    const { Entries: entries } = data;
    if (entries.length < 1 || entries.length > MAX_ENTRIES) {
      return refuse(c, "ValidationException", `'entries' must have between 1 and ${MAX_ENTRIES} members`);
    }
    if (entries.reduce((bytes, entry) => bytes + sizeInBytes(entry), 0) > MAX_BYTES) {
      return refuse(c, "ValidationException", "Total size of the entries in the request is over the limit.");
    }
    const results = entries.map(put);
    return c.json({ FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results });
  });

  const server = serverOf(app, front);
  const address = await listen(server);
  return {
    endpoint: `http://${address}`,
    idle: () => deliveries.idle(),
    async close() {
      await stop(server);
      await deliveries.close();
    },
  };
}

function refuse(c: Context, type: string, message: string): Response {
  return c.json({ __type: type, message }, 400);
}
