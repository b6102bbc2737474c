/** A queue whose receiver dies while it waits for messages. */
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Queues, startQueues } from "./queues.ts";

let queues: Queues;
let client: SQSClient;

beforeEach(async () => {
  queues = await startQueues([{ name: "work", visibilityTimeoutSeconds: 30, maxReceiveCount: 5 }]);
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  client = new SQSClient({ endpoint: queues.endpoint, region: "us-east-1", credentials });
});
afterEach(async () => {
  client.destroy();
  await queues.close();
});

const receive = (abortSignal?: AbortSignal) =>
  client.send(new ReceiveMessageCommand({ QueueUrl: queues.url("work"), WaitTimeSeconds: 2 }), {
    ...(abortSignal && { abortSignal }),
  });
const send = (MessageBody: string, DelaySeconds = 0) =>
  client.send(new SendMessageCommand({ QueueUrl: queues.url("work"), MessageBody, DelaySeconds }));

test("what comes for a receiver that has gone is there for the next one", async () => {
  const leaving = new AbortController();
  const gone = receive(leaving.signal).catch((error: unknown) => error);
  // It comes when the one who waits for it has gone.
  await send("left", 1);
  leaving.abort();
  expect(await gone).toMatchObject({ name: "AbortError" });
  const received = async () => (await receive()).Messages;
  await expect.poll(received, { timeout: 5_000 }).toMatchObject([{ Body: "left" }]);
});

test("what its receiver has got stays hidden from all others", async () => {
  await send("only");
  expect((await receive()).Messages).toMatchObject([{ Body: "only" }]);
  expect((await receive()).Messages).toBeUndefined();
});
