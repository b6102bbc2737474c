/**
 * The relay: from the outbox to the bus.
 *
 * Invariants:
 * - at least once: a row is marked delivered only after the bus took it, and whoever dies in between sends it again, with
 *   the same id;
 * - in order per position: an event is sent only when all earlier ones of its position were taken, so a request holds at
 *   most one of each position;
 * - an event that is not taken holds back the later ones of its position and nobody else's. It is never skipped: it stays in
 *   the outbox, is logged, and is tried again by every later relay, until the bus or the code is mended;
 * - any number of relays may run at once: what two of them send is the same event twice.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { type Bus, oneRequest, type PutResult } from "./bus.ts";
import { parseEvent, type StoredEvent } from "./event.ts";
import type { OutboxRow, OutboxStore } from "./outbox.store.ts";

export interface RelayDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Pick<OutboxStore, "undelivered" | "markDelivered">;
  readonly bus: Bus;
}

export interface Relayed {
  readonly delivered: number;
  /** Positions of which an event was not taken. */
  readonly held: number;
  /** The bound was reached: there may be more. */
  readonly more: boolean;
}

/** Read at once: ten full requests, and 100 KB of rows. */
const PAGE = 100;

/**
 * Of one relay: 1,000 events, which is a day of a busy desk. If all are of one position, each is a request and a mark of
 * 20 ms: 40 s, less than the function may run.
 */
const PAGES_MAX = 10;

/** Whether an event is refused for good cannot be told from its code (a permission comes back); this often is enough now. */
const TRIES = 3;

/** EventBridge's throttle is per second: in half of one there is room again. */
const WAIT_MS = 500;

/** Of one relay, 5 s in all: when a bus refuses everything, it is better asked again later. */
const WAITS_MAX = 10;

interface Progress {
  delivered: number;
  waits: number;
  readonly held: Set<number>;
}

/**
 * Relays until nothing is left or the bound is reached; with nothing to relay it is one query.
 *
 * @throws Error when the bus or the database does not answer: the next relay goes on from the rows.
 */
export async function relayEvents(deps: RelayDeps): Promise<Relayed> {
  const progress: Progress = { delivered: 0, waits: 0, held: new Set() };
  const relayed = (more: boolean) => ({ delivered: progress.delivered, held: progress.held.size, more });
  for (let page = 0; page < PAGES_MAX; page++) {
    const rows = await deps.outbox.undelivered(PAGE, [...progress.held]);
    await relayPage(deps, rows, progress);
    if (rows.length < PAGE) return relayed(false);
  }
  return relayed(true);
}

async function relayPage(deps: RelayDeps, rows: readonly OutboxRow[], progress: Progress): Promise<void> {
  const refusals = new Map<number, number>();
  let waiting = rows;
  while (waiting.length > 0) {
    const request = oneRequest(readable(deps, firstOfEach(waiting), progress));
    const results = request.length > 0 ? await deps.bus.put(request) : [];
    const taken = request.filter((_, index) => results[index]?.taken);
    const sequences = taken.map((event) => event.sequence);
    if (taken.length > 0) await deps.outbox.markDelivered(sequences, deps.clock.now());
    progress.delivered += taken.length;
    const again = request.filter((event, index) => {
      const result = results[index];
      return !result?.taken && !gaveUp(deps, event, result, refusals, progress);
    });
    waiting = waiting.filter((row) => !sequences.includes(row.sequence) && !progress.held.has(row.positionId));
    if (again.length > 0) {
      progress.waits++;
      await deps.clock.sleep(WAIT_MS);
    }
  }
}

function firstOfEach(rows: readonly OutboxRow[]): readonly OutboxRow[] {
  const seen = new Set<number>();
  return rows.filter(({ positionId }) => !seen.has(positionId) && seen.add(positionId));
}

/** The events among the rows; a row that is none holds back its position. */
function readable(deps: RelayDeps, rows: readonly OutboxRow[], { held }: Progress): readonly StoredEvent[] {
  return rows.flatMap((row) => {
    try {
      return [parseEvent(row)];
    } catch (error) {
      deps.log.error("event_unreadable", error, { eventId: row.eventId });
      held.add(row.positionId);
      return [];
    }
  });
}

/** Counts a refusal; true after the last try: the position is held back for the rest of this relay. */
function gaveUp(
  deps: RelayDeps,
  { positionId, eventId, name }: StoredEvent,
  result: Exclude<PutResult, { taken: true }> | undefined,
  refusals: Map<number, number>,
  { held, waits }: Progress,
): boolean {
  const tries = (refusals.get(positionId) ?? 0) + 1;
  refusals.set(positionId, tries);
  if (tries < TRIES && waits < WAITS_MAX) return false;
  deps.log.error("event_not_taken", new Error(result?.message), { eventId, name, code: result?.code, tries });
  held.add(positionId);
  return true;
}
