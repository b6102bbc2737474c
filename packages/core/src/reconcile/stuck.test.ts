/** Driving again, when something fails on the way. */
import { expect, test } from "vitest";
import { FakeClock, fakeLog, fakeQueues } from "../../testing/fakes.ts";
import { driveAgain, driveStuck, type StuckDeps } from "./stuck.ts";

/** Trades without a look ahead of them; taking it takes them off the list. */
function world(tradeIds: readonly string[]) {
  const waiting = new Set(tradeIds);
  const [clock, queues, log] = [new FakeClock(), fakeQueues(), fakeLog()];
  const looks: StuckDeps["looks"] = {
    unlooked: async (_before, _now, limit) => [...waiting].slice(0, limit),
    takeLook: async (tradeId) => waiting.delete(tradeId),
  };
  return { deps: { clock, log, looks, queues }, waiting, queues, log };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `trd_${index}`);

test("all that is stuck is driven, page by page", async () => {
  const { deps, waiting, queues } = world(ids(120));
  await driveStuck(deps);
  expect(waiting.size).toBe(0);
  for (const queue of ["execute", "confirm", "reconcile"]) {
    expect(new Set(queues.sent.filter((each) => each.queue === queue).map((each) => each.tradeId)).size).toBe(120);
  }
});

test("what is more than one run can drive is the next one's", async () => {
  const { deps, waiting, log } = world(ids(1_010));
  await driveStuck(deps);
  expect(waiting.size).toBe(10);
  expect(log.lines).toEqual(["stuck_not_all_driven"]);
  await driveStuck(deps);
  expect(waiting.size).toBe(0);
});

test("a queue that does not answer ends the run, and not the others of the page", async () => {
  const { deps, waiting, log } = world(ids(60));
  const queues = {
    ...deps.queues,
    send: async (...message: Parameters<typeof deps.queues.send>) => {
      if (message[1] === "trd_0") throw new Error("no answer");
      await deps.queues.send(...message);
    },
  };
  await driveStuck({ ...deps, queues });
  expect([waiting.size, waiting.has("trd_0")]).toEqual([11, true]);
  expect(log.lines).toEqual(["trade_not_driven"]);
});

test("whoever has the look already ahead of it gets no second one", async () => {
  const { deps, queues } = world([]);
  await driveAgain(deps, "trd_1");
  expect(queues.sent.map((each) => each.queue)).toEqual(["execute", "confirm"]);
});
