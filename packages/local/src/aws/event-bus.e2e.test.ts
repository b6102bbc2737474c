import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EventBus, startEventBus } from "./event-bus.ts";
import type { BusEvent } from "./event-entry.ts";

let bus: EventBus;
let client: EventBridgeClient;
let closed: BusEvent[];
let audited: BusEvent[];
let flaky: number;
let dropped: string[];

beforeEach(async () => {
  [closed, audited, flaky, dropped] = [[], [], 0, []];
  const fail = async (event: BusEvent) => {
    if (event.detail["attemptsToFail"] !== undefined && flaky++ < Number(event.detail["attemptsToFail"]))
      throw new Error("not yet");
  };
  bus = await startEventBus({
    rules: [
      { name: "closed", pattern: { "detail-type": ["position_closed"] }, target: async (event) => closed.push(event) },
      {
        name: "audit",
        bus: "audit",
        pattern: { source: [{ prefix: "" }] },
        target: async (event) => audited.push(event),
      },
      { name: "flaky", pattern: { "detail-type": ["flaky"] }, target: fail },
    ],
    onDropped: ({ name }, { detail }, error) => dropped.push(`${name} ${JSON.stringify(detail)} ${error}`),
  });
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  client = new EventBridgeClient({ endpoint: bus.endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await bus.close();
});

function put(...Entries: PutEventsRequestEntry[]) {
  return client.send(new PutEventsCommand({ Entries }));
}

const entry = { Source: "backstop", DetailType: "position_closed", Detail: '{"positionId":7}' };

test("an event reaches the targets whose pattern and bus it is for", async () => {
  const Time = new Date("2026-01-02T03:04:05.678Z");
  const { FailedEntryCount, Entries } = await put(
    { ...entry, Time, Resources: ["arn:x"] },
    { ...entry, DetailType: "other" },
    { ...entry, EventBusName: "arn:aws:events:us-east-1:000000000000:event-bus/audit" },
  );
  await bus.idle();
  expect(FailedEntryCount).toBe(0);
  expect(closed).toEqual([
    {
      version: "0",
      id: Entries?.[0]?.EventId,
      source: "backstop",
      "detail-type": "position_closed",
      account: "000000000000",
      region: "us-east-1",
      time: "2026-01-02T03:04:05Z",
      resources: ["arn:x"],
      detail: { positionId: 7 },
    },
  ]);
  expect(audited.map(({ id }) => id)).toEqual([Entries?.[2]?.EventId]);
});

test("an entry that is wrong is refused by itself, with the code that says why", async () => {
  const { FailedEntryCount, Entries = [] } = await put(
    { ...entry, Detail: "{" },
    { ...entry, Detail: "[]" },
    { ...entry, Detail: undefined },
    { ...entry, Source: "" },
    { ...entry, DetailType: undefined },
    { ...entry, Source: "aws.s3" },
    entry,
  );
  await bus.idle();
  expect(FailedEntryCount).toBe(6);
  expect(Entries.map(({ ErrorCode }) => ErrorCode)).toEqual([
    "MalformedDetail",
    "MalformedDetail",
    "InvalidArgument",
    "InvalidArgument",
    "InvalidArgument",
    "NotAuthorizedForSourceException",
    undefined,
  ]);
  expect(closed).toHaveLength(1);
});

test("a request of too many entries, none, or too many bytes is refused whole", async () => {
  const invalid = { name: "ValidationException" };
  await expect(put()).rejects.toMatchObject(invalid);
  await expect(put(...Array.from({ length: 11 }, () => entry))).rejects.toMatchObject(invalid);
  const half = { ...entry, Detail: JSON.stringify({ text: "x".repeat(512 * 1024) }) };
  await expect(put(half, half)).rejects.toMatchObject(invalid);
  expect((await put(half)).FailedEntryCount).toBe(0);
  expect((await fetch(bus.endpoint, { method: "POST", headers: { "x-amz-target": "AWSEvents.PutRule" } })).status).toBe(
    400,
  );
});

test("a target that fails gets the event again, up to three times; then it is dropped, and said so", async () => {
  await put({ ...entry, DetailType: "flaky", Detail: '{"attemptsToFail":2}' });
  await bus.idle();
  expect([flaky, dropped]).toEqual([3, []]);
  flaky = 0;
  await put({ ...entry, DetailType: "flaky", Detail: '{"attemptsToFail":9}' });
  await bus.idle();
  expect([flaky, dropped]).toEqual([4, ['flaky {"attemptsToFail":9} Error: not yet']]);
});
