import { expect, test } from "vitest";
import { queues, timeoutSeconds } from "./settings.ts";

test.each(Object.entries(queues))("a message of %s outlives forty minutes without a database", (_, queue) => {
  expect(queue.visibilityTimeoutSeconds * queue.maxReceiveCount).toBeGreaterThanOrEqual(40 * 60);
});

test("no message is given out while it is being worked on", () => {
  expect(queues.execute.visibilityTimeoutSeconds).toBeGreaterThan(timeoutSeconds.executeTrades);
  expect(queues.confirm.visibilityTimeoutSeconds).toBeGreaterThan(timeoutSeconds.confirmTrades);
  expect(queues.reconcile.visibilityTimeoutSeconds).toBeGreaterThan(timeoutSeconds.reconcile);
});
