/** When everything has been told: each thing once, in its order, and to the end. */
import type { MemoryDatabase, OutboxEntry } from "@backstop/core/testing/memory/database";
import type { SimulatedBus } from "../world/bus.ts";
import type { Violations } from "./violations.ts";

export interface EventsDeps {
  readonly db: MemoryDatabase;
  readonly bus: SimulatedBus;
  readonly violations: Violations;
}

export function judgeEvents({ db, bus, violations }: EventsDeps): void {
  for (const id of bus.changed) violations.add("eventDoubled", `${id} came with two contents`);
  const byPosition = Map.groupBy(db.outbox.values(), ({ positionId }) => positionId);
  for (const position of db.positions.values()) {
    const events = byPosition.get(position.positionId) ?? [];
    if (position.eventSequence !== events.length) {
      violations.add("eventLost", `position ${position.positionId}: ${events.length} of ${position.eventSequence}`);
    }
    judgeEnds(violations, position.positionId, position.status, events);
  }
  for (const event of db.outbox.values()) {
    if (!bus.got.has(event.eventId)) violations.add("eventLost", `${event.eventId} (${event.name}) never came`);
  }
  judgeOrder(violations, bus);
  judgeTriggers(db, violations);
}

/** A position that is over was told to be, once; one that is not was not. */
function judgeEnds(violations: Violations, positionId: number, status: string, events: readonly OutboxEntry[]): void {
  const ends = events.filter(({ name }) => name === "position_closed").length;
  const expected = status === "closed" ? 1 : 0;
  if (ends < expected) violations.add("eventLost", `position ${positionId} is ${status}, and nobody was told`);
  if (ends > expected)
    violations.add("eventDoubled", `position ${positionId} (${status}) was told to be closed ${ends} times`);
}

/** What came first of each event, came in the order of its position. */
function judgeOrder(violations: Violations, bus: SimulatedBus): void {
  const last = new Map<number, number>();
  for (const { eventId, positionId, positionSequence } of bus.got.values()) {
    if (positionSequence !== (last.get(positionId) ?? 0) + 1) violations.add("eventOutOfOrder", eventId);
    last.set(positionId, positionSequence);
  }
}

/** Each trigger was told once, and nothing else was. */
function judgeTriggers(db: MemoryDatabase, violations: Violations): void {
  const told = Map.groupBy(
    [...db.outbox.values()].filter(({ name }) => name === "stop_loss_triggered"),
    ({ positionId }) => positionId,
  );
  const triggers = Map.groupBy(db.triggers.values(), ({ positionId }) => positionId);
  for (const positionId of new Set([...told.keys(), ...triggers.keys()])) {
    const [events, rows] = [told.get(positionId)?.length ?? 0, triggers.get(positionId)?.length ?? 0];
    if (events < rows) violations.add("eventLost", `position ${positionId}: ${rows} triggers, ${events} told`);
    if (events > rows) violations.add("eventDoubled", `position ${positionId}: ${rows} triggers, ${events} told`);
  }
}
