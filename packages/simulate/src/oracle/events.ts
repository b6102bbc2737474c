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
  judgeAttempts(db, violations);
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

/** What went out first was told to be on its way, once; and of what is final the last that was told is what was booked. */
function judgeAttempts(db: MemoryDatabase, violations: Violations): void {
  const of = (name: string, field: "tradeId" | "signature") =>
    Map.groupBy(
      [...db.outbox.values()].filter((event) => event.name === name),
      ({ payload }) => (payload as Record<string, string>)[field],
    );
  const [executed, confirmedOf] = [of("trade_executed", "tradeId"), of("trade_confirmed", "signature")];
  for (const { tradeId, submittedAt } of db.trades.values()) {
    const [sent, expected] = [executed.get(tradeId)?.length ?? 0, submittedAt === null ? 0 : 1];
    if (sent < expected) violations.add("eventLost", `${tradeId} is on its way, and nobody was told`);
    if (sent > expected) violations.add("eventDoubled", `${tradeId} was told to be on its way ${sent} times`);
  }
  for (const { attemptId, signature, status, fillIn, fillOut } of db.attempts.values()) {
    if (status !== "final") continue;
    const confirmed = confirmedOf.get(signature ?? "")?.at(-1)?.payload;
    const { amountIn, amountOut } = (confirmed ?? {}) as { amountIn?: string; amountOut?: string };
    if (amountIn === String(fillIn) && amountOut === String(fillOut)) continue;
    violations.add("eventLost", `${attemptId}: booked ${fillIn} → ${fillOut}, told ${amountIn} → ${amountOut}`);
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
