/**
 * The outbox: events written by the statement that makes the change, so that no change is without its event and no
 * event without its change.
 */
import { type SQL, sql } from "drizzle-orm";
import type { NewEvent } from "./event.ts";

/**
 * The common table expression that writes `events` for the one position that the expression `touched` has updated.
 * `touched` returns `position_id` and an `event_sequence` that it has raised by `told`: so many of them, the first ones, are
 * written. No row in `touched`, no event.
 */
export const tell = (events: readonly NewEvent[], at: Date, told: SQL = sql`${events.length}::int`): SQL => sql`
  told as (
    insert into outbox (event_id, name, position_id, position_sequence, payload, at)
    select
      'evt_' || touched.position_id || '_' || (touched.event_sequence - ${told} + event.ordinal),
      event.name,
      touched.position_id,
      touched.event_sequence - ${told} + event.ordinal,
      event.payload,
      ${at.toISOString()}::timestamptz
    from touched,
      jsonb_to_recordset(${JSON.stringify(events.map((event, index) => ({ ordinal: index + 1, ...event })))}::jsonb)
        as event(ordinal int, name text, payload jsonb)
    where event.ordinal <= ${told}
    order by event.ordinal
  )`;
