/**
 * Lambda's event source mapping of a queue: it receives messages, runs the handler on each batch, and deletes what was
 * done. What the handler reports as failed, or everything if it throws, stays and is received again later.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSHandler, SQSMessageAttributes, SQSRecord, SQSRecordAttributes } from "aws-lambda";
import * as z from "zod";
import { REGION } from "./context.ts";
import { invoke } from "./invocation.ts";

export interface EventSource {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly handler: SQSHandler;
  readonly batchSize: number;
  /** After it, others receive the same messages. */
  readonly visibilityTimeoutSeconds: number;
  readonly functionTimeoutSeconds: number;
  readonly waitSeconds: number;
  /** How many batches may be going at once. */
  readonly concurrency?: number;
  /** Told of what the handler throws and of what the queue refuses; neither ends the polling. */
  readonly onError: (error: unknown) => void;
}

/** Long enough not to flood a queue that is down, short enough not to be noticed once it is back. */
const RECEIVE_RETRY_MS = 200;

const BatchResponse = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish(),
});

export function pollQueue(source: EventSource): { close(): Promise<void> } {
  const closing = new AbortController();
  const pollers = Array.from({ length: source.concurrency ?? 1 }, () => poll(source, closing.signal));
  return {
    async close() {
      closing.abort();
      await Promise.all(pollers);
    },
  };
}

async function poll(source: EventSource, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    const messages = await receive(source, closing);
    if (messages.length === 0) continue;
    try {
      await remove(source, await run(source, messages));
    } catch (error) {
      source.onError(error);
    }
  }
}

async function receive(source: EventSource, closing: AbortSignal): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: source.queueUrl,
    MaxNumberOfMessages: source.batchSize,
    WaitTimeSeconds: source.waitSeconds,
    VisibilityTimeout: source.visibilityTimeoutSeconds,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  try {
    return (await source.client.send(command, { abortSignal: closing })).Messages ?? [];
  } catch (error) {
    if (closing.aborted) return [];
    source.onError(error);
    await sleep(RECEIVE_RETRY_MS, undefined, { signal: closing }).catch(() => undefined);
    return [];
  }
}

/** Runs the handler and answers with the messages that are done. */
async function run(
  { handler, queueArn, functionTimeoutSeconds }: EventSource,
  messages: Message[],
): Promise<Message[]> {
  const event: SQSEvent = { Records: messages.map((message) => record(message, queueArn)) };
  const functionName = queueArn.split(":").at(-1) ?? queueArn;
  const result = await invoke(handler, event, { functionName, timeoutMs: functionTimeoutSeconds * 1000 });
  const failures = BatchResponse.nullish().parse(result)?.batchItemFailures ?? [];
  const failed = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
  const done = messages.filter(({ MessageId = "" }) => !failed.has(MessageId));
  // As on AWS, a name that is no message's fails the whole batch: what the handler meant is unknown.
  if (done.length + failed.size !== messages.length) throw new Error(`no such messages in the batch: ${[...failed]}`);
  return done;
}

async function remove({ client, queueUrl }: EventSource, messages: Message[]): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  if (Failed.length > 0) throw new Error(`messages were not deleted: ${JSON.stringify(Failed)}`);
}

function record(message: Message, queueArn: string): SQSRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, { StringValue, BinaryValue, DataType }]) => [
      name,
      {
        stringValue: StringValue,
        binaryValue: BinaryValue && Buffer.from(BinaryValue).toString("base64"),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType ?? "String",
      },
    ],
  );
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: message.Attributes as unknown as SQSRecordAttributes,
    messageAttributes: Object.fromEntries(attributes) as SQSMessageAttributes,
    md5OfBody: message.MD5OfBody ?? "",
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: REGION,
  };
}
