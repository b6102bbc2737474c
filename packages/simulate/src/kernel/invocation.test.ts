import { describe, expect, test } from "vitest";
import { dice } from "./dice.ts";
import { Invocation, type Line } from "./invocation.ts";
import { Timeline } from "./timeline.ts";
import { FAULT_KINDS, type Fault, Weather } from "./weather.ts";

const NEVER = Object.fromEntries(FAULT_KINDS.map((fault) => [fault, 0])) as Record<Fault, number>;

const LINE: Line = {
  latency: [10, 20],
  before: [{ fault: "postgresTimeout", error: () => new Error("before") }],
  after: [{ fault: "postgresReplyLost", error: () => new Error("after") }],
};

function world(chances: Partial<Record<Fault, number>>) {
  const timeline = new Timeline();
  const weather = new Weather(dice(1, 1), { ...NEVER, ...chances });
  const invocation = new Invocation({ timeline, weather, dice: dice(1, 0), calls: { made: 0 } }, "a function");
  let deaths = 0;
  invocation.begin(20_000, () => deaths++);
  let effects = 0;
  const answers: string[] = [];
  const call = () =>
    invocation
      .call(LINE, () => ++effects)
      .then(
        (answer) => answers.push(`answer ${answer}`),
        (error: Error) => answers.push(error.message),
      );
  return { timeline, invocation, call, answers, seen: () => ({ deaths, effects }) };
}

describe("a call to the outside", () => {
  test("is done once, and takes its time", async () => {
    const { timeline, call, answers, seen } = world({});
    void call();
    await timeline.run(() => answers.length > 0);
    expect([answers, seen()]).toEqual([["answer 1"], { deaths: 0, effects: 1 }]);
    expect(timeline.now).toBeGreaterThanOrEqual(10);
  });

  test("may fail before anything is done", async () => {
    const { timeline, call, answers, seen } = world({ postgresTimeout: 1 });
    void call();
    await timeline.run(() => answers.length > 0);
    expect([answers, seen().effects]).toEqual([["before"], 0]);
  });

  test("may be done, and its answer lost", async () => {
    const { timeline, call, answers, seen } = world({ postgresReplyLost: 1 });
    void call();
    await timeline.run(() => answers.length > 0);
    expect([answers, seen().effects]).toEqual([["after"], 1]);
  });

  test("of a function that is killed is never answered, and its death is told once", async () => {
    const { timeline, call, answers, seen } = world({ kill: 1 });
    void call();
    void call();
    await timeline.run(() => false);
    expect([answers, seen().deaths]).toEqual([[], 1]);
  });

  test("of a frozen one goes on much later, past the watchdog", async () => {
    const { timeline, call, answers, seen } = world({ freeze: 1 });
    void call();
    await timeline.run(() => answers.length > 0);
    expect(timeline.now).toBeGreaterThan(40_000);
    expect([answers, seen().deaths]).toEqual([["answer 1"], 0]);
  });
});

test("a function that takes too long is ended", async () => {
  const { timeline, invocation, seen } = world({});
  let woke = false;
  void invocation.clock.sleep(30_000).then(() => {
    woke = true;
  });
  await timeline.run(() => false);
  expect([seen().deaths, woke]).toEqual([1, false]);
});

test("a container is used again after its work was done, and not when it slept", async () => {
  const awake = world({});
  expect(awake.invocation.end()).toBe(true);
  const asleep = world({ freeze: 1 });
  void asleep.call();
  await asleep.timeline.run(() => asleep.answers.length > 0);
  expect(asleep.invocation.end()).toBe(false);
});
