import { expect, test } from "vitest";
import { Timeline } from "./timeline.ts";

test("what is due happens in the order of its moments, and of one moment in the order it was asked for", async () => {
  const timeline = new Timeline();
  const happened: string[] = [];
  const note = (what: string) => () => void happened.push(`${what} at ${timeline.now}`);
  timeline.after(30, note("c"));
  timeline.after(10, note("a"));
  timeline.after(10, note("b"));
  timeline.after(-5, note("at once"));
  await timeline.run(() => false);
  expect(happened).toEqual(["at once at 0", "a at 10", "b at 10", "c at 30"]);
});

test("what an event sets going comes to rest before the next one", async () => {
  const timeline = new Timeline();
  const happened: string[] = [];
  const worker = async () => {
    await timeline.wait(1);
    for (let step = 0; step < 100; step++) await Promise.resolve();
    happened.push("rested");
  };
  const working = worker();
  timeline.after(1, () => void happened.push("next"));
  await timeline.run(() => false);
  await working;
  expect(happened).toEqual(["rested", "next"]);
});

test("it stops when it is told to", async () => {
  const timeline = new Timeline();
  for (const at of [1, 2, 3]) timeline.after(at, () => {});
  await timeline.run(() => timeline.now >= 2);
  expect(timeline.now).toBe(2);
});
