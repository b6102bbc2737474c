/** Whoever calls the relay gets the same: a message of SQS, the schedule, a person. */
import type { OutboxRow } from "@backstop/core/event/outbox.store";
import { FakeClock, fakeLog } from "@backstop/core/testing/fakes";
import { expect, test } from "vitest";
import { make } from "./relay-events.ts";

const row: OutboxRow = {
  sequence: 1n,
  eventId: "evt_1_1",
  name: "position_updated",
  positionId: 1,
  positionSequence: 1,
  payload: { positionId: 1, symbol: "SOL/USDC", status: "open", quantity: "1" },
  at: new Date(0),
};

test.each([
  ["a message", { Records: [{ messageId: "1", body: "anything" }] }],
  ["the schedule", { source: "aws.scheduler" }],
  ["a person", {}],
])("%s relays what there is, and fails no message", async (_, event) => {
  const sent: string[] = [];
  const rows = [row];
  const handler: (event: unknown) => Promise<unknown> = make({
    clock: new FakeClock(),
    log: fakeLog(),
    outbox: { undelivered: async () => [...rows], markDelivered: async () => void rows.pop() },
    bus: {
      async put(events) {
        sent.push(...events.map((each) => each.eventId));
        return events.map(() => ({ taken: true }));
      },
    },
  });
  expect(await handler(event)).toEqual({ batchItemFailures: [], delivered: 1, held: 0, more: false });
  expect(sent).toEqual(["evt_1_1"]);
});
