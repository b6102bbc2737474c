/**
 * The bus that events are delivered to: EventBridge. A request may be taken in part, and EventBridge keeps no order, so each
 * event carries its position's sequence.
 */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { type Environment, requireVariable } from "../config.ts";
import type { StoredEvent } from "./event.ts";
import { EVENTS } from "./schema.ts";

export type PutResult =
  | { readonly taken: true }
  | { readonly taken: false; readonly code: string; readonly message: string };

export interface Bus {
  /**
   * One request: what `oneRequest` made of a list. A result for each event, in their order.
   *
   * @throws Error when the bus did not answer: what it has taken is then unknown.
   */
  put(events: readonly StoredEvent[]): Promise<readonly PutResult[]>;
}

const SOURCE = "backstop";

/** Of one request, by EventBridge's documentation. */
const REQUEST_ENTRIES = 10;

/** Of one request, all entries together: the limit of every region, although newer ones may allow more. */
const REQUEST_BYTES = 256 * 1024;

/** What an entry's time counts for, by the same documentation. */
const TIME_BYTES = 14;

/** EventBridge answers in milliseconds; the SDK tries three times. */
const BUS_DEADLINE = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

/** As many of the first events as fit one request: at least one, however large it is. */
export function oneRequest(events: readonly StoredEvent[]): readonly StoredEvent[] {
  const request = events.slice(0, 1);
  let bytes = request.reduce((sum, event) => sum + sizeOf(event), 0);
  for (const event of events.slice(1, REQUEST_ENTRIES)) {
    bytes += sizeOf(event);
    if (bytes > REQUEST_BYTES) break;
    request.push(event);
  }
  return request;
}

export const eventBridge = (client: EventBridgeClient, busName: string): Bus => ({
  async put(events) {
    // EventBridge would refuse the whole request, for as long as it is sent.
    const [first] = events;
    if (first && sizeOf(first) > REQUEST_BYTES) {
      return events.map(() => ({ taken: false, code: "TooLarge", message: `more than ${REQUEST_BYTES} bytes` }));
    }
    const { Entries: results = [] } = await client.send(
      new PutEventsCommand({ Entries: events.map((event) => ({ ...entryOf(event), EventBusName: busName })) }),
    );
    return events.map((_, index) => {
      const { EventId, ErrorCode = "Unanswered", ErrorMessage = "" } = results[index] ?? {};
      return EventId ? { taken: true } : { taken: false, code: ErrorCode, message: ErrorMessage };
    });
  },
});

export const eventBus = (env: Environment): Bus =>
  eventBridge(new EventBridgeClient({ requestHandler: BUS_DEADLINE }), requireVariable(env, "EVENT_BUS_NAME"));

const entryOf = (event: StoredEvent) => ({
  Source: SOURCE,
  DetailType: event.name,
  Detail: JSON.stringify(detailOf(event)),
  Time: event.at,
});

/** What a rule's target gets as `detail`. */
export const detailOf = ({ name, eventId, positionId, positionSequence, at, payload }: StoredEvent) => ({
  version: EVENTS[name].version,
  eventId,
  positionId,
  positionSequence,
  at: at.toISOString(),
  payload,
});

function sizeOf(event: StoredEvent): number {
  const { Source, DetailType, Detail } = entryOf(event);
  return TIME_BYTES + [Source, DetailType, Detail].reduce((bytes, word) => bytes + Buffer.byteLength(word), 0);
}
