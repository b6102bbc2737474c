/**
 * What happened, told once: an event's outbox row is written by the very statement that made the change.
 *
 * Invariants: an event's id is made from its position and that position's sequence, so that a delivery repeated is the same
 * event; what is read as an event has passed its schema.
 */
import type * as z from "zod";
import { EVENTS } from "./schema.ts";

export type EventName = keyof typeof EVENTS;
export type EventPayloads = { [Name in EventName]: z.output<(typeof EVENTS)[Name]["payload"]> };

/** An event as the code that causes it writes it; the statement adds the id and the sequence. */
export type NewEvent = {
  [Name in EventName]: { readonly name: Name; readonly payload: EventPayloads[Name] };
}[EventName];

/** Where an event stands, and when it happened. */
export interface Recorded {
  readonly eventId: string;
  /** Of the outbox: grows in the order of writing. */
  readonly sequence: bigint;
  readonly positionId: number;
  /** 1, 2, 3 … within one position: the order its consumers must keep. */
  readonly positionSequence: number;
  readonly at: Date;
}

/** An event as it is delivered. */
export type StoredEvent = NewEvent & Recorded;

/** @throws Error when the name or the payload is none that is described here. */
export function parseEvent(row: Recorded & { readonly name: string; readonly payload: unknown }): StoredEvent {
  const isEvent = (name: string): name is EventName => Object.hasOwn(EVENTS, name);
  if (!isEvent(row.name)) throw new TypeError(`${row.eventId}: there is no event ${row.name}`);
  return { ...row, payload: EVENTS[row.name].payload.parse(row.payload) } as StoredEvent;
}
