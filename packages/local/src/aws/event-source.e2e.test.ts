import { setTimeout as sleep } from "node:timers/promises";
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EventSource, pollQueue } from "./event-source.ts";
import { type Queues, startQueues } from "./queues.ts";

let queues: Queues;
let client: SQSClient;
let polling: ReturnType<typeof pollQueue> | undefined;
let errors: unknown[];

beforeEach(async () => {
  errors = [];
  queues = await startQueues([{ name: "work", visibilityTimeoutSeconds: 1, maxReceiveCount: 2 }]);
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  // As the deployed code makes it: the host of the queue's URL is what it connects to.
  process.env["AWS_ENDPOINT_URL_SQS"] = queues.endpoint;
  client = new SQSClient({ region: "us-east-1", credentials });
});

afterEach(async () => {
  await polling?.close();
  polling = undefined;
  client.destroy();
  await queues.close();
});

function poll(handler: EventSource["handler"], options: Partial<EventSource> = {}): void {
  polling = pollQueue({
    client,
    queueUrl: queues.url("work"),
    queueArn: "arn:aws:sqs:us-east-1:000000000000:work",
    handler,
    batchSize: 10,
    visibilityTimeoutSeconds: 1,
    functionTimeoutSeconds: 1,
    waitSeconds: 1,
    onError: (error) => errors.push(error),
    ...options,
  });
}

async function send(...bodies: string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await client.send(new SendMessageBatchCommand({ QueueUrl: queues.url("work"), Entries }));
}

async function dead(): Promise<string[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queues.deadUrl("work"),
    MaxNumberOfMessages: 10,
    VisibilityTimeout: 0,
  });
  return ((await client.send(command)).Messages ?? []).map(({ Body = "" }) => Body).sort();
}

/** How many messages the queue holds, received or not. */
async function left(): Promise<number> {
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
  const command = new GetQueueAttributesCommand({ QueueUrl: queues.url("work"), AttributeNames: [...AttributeNames] });
  const { Attributes = {} } = await client.send(command);
  return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

/** Bodies in the order in which a handler saw them. */
const bodies = (event: SQSEvent) => event.Records.map(({ body }) => body);

test("messages reach the handler as Lambda's event, and are gone when it is done", async () => {
  const command = new SendMessageCommand({
    QueueUrl: queues.url("work"),
    MessageBody: '{"tradeId":"1"}',
    MessageAttributes: {
      kind: { DataType: "String", StringValue: "exit" },
      bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
    },
  });
  const { MessageId } = await client.send(command);
  const events: SQSEvent[] = [];
  poll(async (event, context) => {
    expect(context.functionName).toBe("work");
    events.push(event);
  });
  await expect.poll(() => events).toHaveLength(1);
  expect(events[0]?.Records).toEqual([
    {
      messageId: MessageId,
      body: '{"tradeId":"1"}',
      receiptHandle: expect.any(String),
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      attributes: expect.objectContaining({
        ApproximateReceiveCount: "1",
        SentTimestamp: expect.stringMatching(/^\d+$/),
      }),
      messageAttributes: {
        kind: { dataType: "String", stringValue: "exit", stringListValues: [], binaryListValues: [] },
        bytes: { dataType: "Binary", binaryValue: "AP8=", stringListValues: [], binaryListValues: [] },
      },
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:work",
      awsRegion: "us-east-1",
    },
  ]);
  await expect.poll(left).toBe(0);
  expect(errors).toEqual([]);
});

test("a message the handler reports as failed comes again, the others of its batch do not; then it is dead", async () => {
  const seen: string[] = [];
  await send("good", "bad", "fine");
  poll(async (event): Promise<SQSBatchResponse> => {
    seen.push(...bodies(event));
    const failed = event.Records.filter(({ body }) => body === "bad");
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
  await expect.poll(dead, { timeout: 10_000 }).toEqual(["bad"]);
  expect(seen.sort()).toEqual(["bad", "bad", "fine", "good"]);
});

test("a handler that throws leaves all its messages, which are dead after maxReceiveCount", async () => {
  const seen: string[] = [];
  await send("one", "two");
  poll(async (event) => {
    seen.push(...bodies(event));
    throw new Error("no");
  });
  await expect.poll(dead, { timeout: 10_000 }).toEqual(["one", "two"]);
  expect(seen.sort()).toEqual(["one", "one", "two", "two"]);
  expect(errors.map(String)).toContain("Error: no");
});

test.each([
  ["names a message that is not in the batch", { batchItemFailures: [{ itemIdentifier: "unknown" }] }],
  ["has no identifier", { batchItemFailures: [{ itemIdentifier: null }] }],
])("a response that %s fails the whole batch", async (_, response) => {
  await send("one");
  poll(async () => response as SQSBatchResponse);
  await expect.poll(dead, { timeout: 10_000 }).toEqual(["one"]);
});

test("several batches are going at once, as many as asked for", async () => {
  let most = 0;
  let finished = 0;
  const running: (() => void)[] = [];
  await send(..."abcdef");
  const handler = async () => {
    await new Promise<void>((resolve) => {
      most = Math.max(most, running.push(resolve));
    });
    finished++;
  };
  poll(handler, { batchSize: 1, concurrency: 3, visibilityTimeoutSeconds: 30, functionTimeoutSeconds: 30 });
  await expect.poll(() => running.length).toBe(3);
  const finishAll = () => {
    for (const finish of running.splice(0)) finish();
    return finished;
  };
  await expect.poll(finishAll, { timeout: 5_000 }).toBe(6);
  expect(most).toBe(3);
});

test("closing ends a long poll at once, and waits for the handler that runs", async () => {
  let finish: (() => void) | undefined;
  let finished = false;
  poll(
    async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      await sleep(20); // the rest of its work
      finished = true;
    },
    { waitSeconds: 20, visibilityTimeoutSeconds: 30, functionTimeoutSeconds: 30 },
  );
  await send("one");
  await expect.poll(() => finish).toBeDefined();
  const closing = polling?.close();
  finish?.();
  await closing;
  expect(finished).toBe(true);

  poll(async () => undefined, { waitSeconds: 20 });
  const started = performance.now();
  await polling?.close();
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(errors).toEqual([]);
});

test("a queue that is away is reported and tried again", async () => {
  poll(async () => undefined, { queueUrl: queues.url("absent") });
  await expect.poll(() => errors.length, { timeout: 5_000 }).toBeGreaterThan(1);
  expect(errors[0]).toMatchObject({ name: "QueueDoesNotExist" });
});
