import { expect, test } from "vitest";
import { type EventPattern, matches } from "./event-pattern.ts";

const event = {
  source: "backstop",
  detail: { name: "position_closed", loss: 12.5, tags: ["a", "b"], flag: false, none: null },
};

test.each<[EventPattern, boolean]>([
  [{}, true],
  [{ source: ["other", "backstop"] }, true],
  [{ source: ["other"] }, false],
  [{ source: ["backstop"], detail: { name: ["position_opened"] } }, false],
  [{ detail: { tags: ["b"] } }, true],
  [{ detail: { tags: ["c"] } }, false],
  [{ detail: { flag: [false], none: [null] } }, true],
  [{ detail: { absent: [null] } }, false],
  [{ source: { inner: ["x"] } }, false],
  [{ detail: { name: [{ prefix: "position_" }] } }, true],
  [{ detail: { name: [{ prefix: "closed" }] } }, false],
  [{ detail: { name: [{ suffix: "_closed" }] } }, true],
  [{ detail: { loss: [{ prefix: "1" }] } }, false],
  [{ source: [{ "equals-ignore-case": "BackStop" }] }, true],
  [{ source: [{ "equals-ignore-case": "back" }] }, false],
  [{ detail: { absent: [{ exists: false }], name: [{ exists: true }] } }, true],
  [{ detail: { name: [{ exists: false }] } }, false],
  [{ other: { absent: [{ exists: false }] } }, true],
  [{ source: [{ "anything-but": ["x", "y"] }] }, true],
  [{ source: [{ "anything-but": ["x", "backstop"] }] }, false],
  [{ detail: { absent: [{ "anything-but": ["x"] }] } }, false],
  [{ detail: { loss: [{ numeric: [">", 10, "<=", 12.5] }] } }, true],
  [{ detail: { loss: [{ numeric: [">", 10, "<", 12.5] }] } }, false],
  [{ detail: { loss: [{ numeric: ["=", 12.5] }] } }, true],
  [{ detail: { name: [{ numeric: [">=", 0] }] } }, false],
])("%j: %s", (pattern, expected) => expect(matches(pattern, event)).toBe(expected));
