import type { BatchAnswer } from "@backstop/core/queue/batch";
import { expect, test } from "vitest";
import { queues as SETTINGS } from "../../../../infra/settings.ts";
import { dice } from "../kernel/dice.ts";
import { Invocation } from "../kernel/invocation.ts";
import { Timeline } from "../kernel/timeline.ts";
import { FAULT_KINDS, type Fault, Weather } from "../kernel/weather.ts";
import { SimulatedQueues } from "./queues.ts";

function world(consume: (times: number) => Promise<BatchAnswer | null>, chances: Partial<Record<Fault, number>> = {}) {
  const timeline = new Timeline();
  const none = Object.fromEntries(FAULT_KINDS.map((fault) => [fault, 0])) as Record<Fault, number>;
  const weather = new Weather(dice(1, 1), { ...none, ...chances });
  const received: number[] = [];
  const queues = new SimulatedQueues({
    timeline,
    weather,
    dice: dice(1, 0),
    tell: () => {},
    consume: (_queue, { Records }) => {
      received.push(...Records.map(() => timeline.now));
      return consume(received.length);
    },
  });
  const calls = { made: 0 };
  const port = queues.port(new Invocation({ timeline, weather, dice: dice(1, 2), calls }, "a function"));
  return { timeline, queues, port, received };
}

const DONE: BatchAnswer = { batchItemFailures: [] };

test("a message comes when it is due, once", async () => {
  const { timeline, port, received } = world(async () => DONE);
  void port.send("execute", "trd_1", 15);
  await timeline.run(() => false);
  expect(received).toHaveLength(1);
  expect(received[0]).toBeGreaterThanOrEqual(15_000);
});

test("one that failed, or whose reader died, comes again when it is visible again", async () => {
  const { timeline, port, received } = world(async (times) => {
    if (times === 1) return null;
    return times === 2 ? { batchItemFailures: [{ itemIdentifier: "message 1" }] } : DONE;
  });
  void port.send("confirm", "trd_1", 0);
  await timeline.run(() => false);
  expect(received).toHaveLength(3);
  const [first = 0, second = 0] = received;
  expect(second - first).toBe(SETTINGS.confirm.visibilityTimeoutSeconds * 1000);
});

test("one that is never done with is given up, and named", async () => {
  const { timeline, queues, port, received } = world(async () => null);
  void port.send("reconcile", "trd_1", 0);
  await timeline.run(() => false);
  expect(received).toHaveLength(SETTINGS.reconcile.maxReceiveCount);
  expect(queues.dead).toEqual(["reconcile trd_1"]);
});

test("it may be lost, or come twice", async () => {
  const lost = world(async () => DONE, { messageLost: 1 });
  void lost.port.send("execute", "trd_1", 0);
  await lost.timeline.run(() => false);
  expect(lost.received).toHaveLength(0);

  const twice = world(async () => DONE, { messageDuplicated: 1 });
  void twice.port.send("execute", "trd_1", 0);
  await twice.timeline.run(() => false);
  expect(twice.received).toHaveLength(2);
});
