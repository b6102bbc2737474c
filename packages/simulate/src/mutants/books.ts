/** Breaks of the books and of what is told: statements taken apart, amounts judged too early, events in a hurry. */
import type { NewEvent } from "@backstop/core/event/event";
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import { tell } from "@backstop/core/testing/memory/judged.memory";
import { all, type Mutant } from "./mutant.ts";

export const outboxOutside: Mutant = {
  name: "outbox-outside-the-statement",
  breaks: "the change is one statement, and its events are another",
  ports: ({ fills, attempts, clock }, { db }) => ({
    fills: {
      ...all(fills),
      async finalize(attemptId, judged, dust, events, at) {
        const done = await fills.finalize(attemptId, judged, dust, [], at);
        await attempts.find(attemptId);
        if (done) tellLater(db, db.attempts.named(attemptId).positionId, events, clock.now());
        return done;
      },
    },
  }),
};

function tellLater(db: MemoryDatabase, positionId: number, events: readonly NewEvent[], at: Date): void {
  const { eventSequence } = db.positions.named(positionId);
  db.positions.update(positionId, { eventSequence: eventSequence + events.length });
  tell(db, positionId, eventSequence, events, at);
}

export const shortageInFlight: Mutant = {
  name: "shortage-in-flight",
  breaks: "what is missing is judged while something is still on its way",
  ports: ({ exits, shortages }) => ({
    exits: {
      ...all(exits),
      surroundings: async (trade) => ({ ...(await exits.surroundings(trade)), unfinished: false }),
    },
    shortages: {
      ...all(shortages),
      books: async (accountId, mint) => ({ ...(await shortages.books(accountId, mint)), unfinished: false }),
    },
  }),
  scenario: {
    chances: { priceGap: 0.01 },
    // Nothing hides what is missing, and what has landed is booked late.
    inventory: false,
    ports: ({ queues }, { weather }) => ({
      queues: {
        send: (queue, tradeId, delaySeconds) =>
          queues.send(queue, tradeId, delaySeconds + (queue === "confirm" && !weather.isCalm ? LATE_SECONDS : 0)),
      },
    }),
  },
};

/** So that what has landed is not booked yet when `reconcile` looks, and looks again. */
const LATE_SECONDS = 100;

export const deliveredBeforeTaken: Mutant = {
  name: "delivered-before-taken",
  breaks: "an event is marked as delivered before the bus has it",
  ports: ({ outbox, clock }) => ({
    outbox: {
      ...all(outbox),
      async undelivered(limit, except) {
        const rows = await outbox.undelivered(limit, except);
        if (rows.length > 0)
          await outbox.markDelivered(
            rows.map(({ sequence }) => sequence),
            clock.now(),
          );
        return rows;
      },
    },
  }),
};

export const eventsAtOnce: Mutant = {
  name: "events-not-held-back",
  breaks: "an event that the bus does not take holds back no later one of its position",
  ports: ({ bus }, { dice }) => ({
    bus: {
      async put(events) {
        const results = await bus.put(events);
        return results.map((result) => (result.taken || dice.chance(0.5) ? { taken: true as const } : result));
      },
    },
  }),
};
