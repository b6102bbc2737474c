import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import * as z from "zod";
import { type Front, listen, type Serve, serverOf, stop } from "../listen.ts";
import { ACCOUNT, REGION } from "./context.ts";

export interface QueueSettings {
  readonly name: string;
  readonly visibilityTimeoutSeconds: number;
  /** After this many receives without a delete, a message goes to the dead-letter queue. */
  readonly maxReceiveCount: number;
}

export interface Queues {
  readonly endpoint: string;
  url(name: string): string;
  deadUrl(name: string): string;
  close(): Promise<void>;
}

/** As long as SQS can keep them, so that whoever looks finds what failed: 14 days. */
const DEAD_RETENTION_SECONDS = 14 * 24 * 60 * 60;

/** A local SQS with these queues, each with a dead-letter queue `<name>-dead`. */
export async function startQueues(
  queues: readonly QueueSettings[],
  { front }: { front?: Front } = {},
): Promise<Queues> {
  // Its own start function would listen on every interface, with nothing in front of it.
  const fauxqs = buildApp({ logger: false, defaultRegion: REGION });
  const server = serverOf({ fetch: askingInProcess(fauxqs) }, front);
  const endpoint = `http://${await listen(server)}`;
  // Not the URL that CreateQueue answers with: the SDK connects to a URL's host, and that one's exists nowhere.
  const url = (name: string) => `${endpoint}/${ACCOUNT}/${name}`;

  const client = new SQSClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const create = (name: string, Attributes: Record<string, string>) =>
    client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  for (const { name, visibilityTimeoutSeconds, maxReceiveCount } of queues) {
    await create(`${name}-dead`, { MessageRetentionPeriod: String(DEAD_RETENTION_SECONDS) });
    const deadLetterTargetArn = `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}-dead`;
    await create(name, {
      VisibilityTimeout: String(visibilityTimeoutSeconds),
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
    });
  }
  client.destroy();

  return {
    endpoint,
    url,
    deadUrl: (name) => url(`${name}-dead`),
    async close() {
      await stop(server);
      await fauxqs.close();
    },
  };
}

/** Requests without a connection of their own. */
const askingInProcess =
  (fauxqs: ReturnType<typeof buildApp>): Serve =>
  async (request, { outgoing }) => {
    const { pathname, search } = new URL(request.url);
    const method = request.method === "GET" ? "GET" : "POST";
    const ask = (headers: Record<string, string>, payload: Buffer | string) =>
      fauxqs.inject({ method, url: `${pathname}${search}`, headers, payload });
    const body = Buffer.from(await request.arrayBuffer());
    const { statusCode, headers, rawPayload } = await ask(Object.fromEntries(request.headers), body);
    if (outgoing.destroyed && request.headers.get("x-amz-target") === "AmazonSQS.ReceiveMessage") {
      for (const handle of receivedBy(body, rawPayload)) await ask(GIVING_BACK, handle);
    }
    const answered = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    return new Response(rawPayload, { status: statusCode, headers: answered });
  };

const GIVING_BACK = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-target": "AmazonSQS.ChangeMessageVisibility",
};

const Asked = z.object({ QueueUrl: z.string() });
const Received = z.object({ Messages: z.array(z.object({ ReceiptHandle: z.string() })).default([]) });

/**
 * What was received for a client that had gone, as requests to give it back. On AWS the one who polls is Lambda, and does not
 * die with the function.
 */
function receivedBy(asked: Buffer, answered: Buffer): readonly string[] {
  const { QueueUrl } = Asked.parse(JSON.parse(asked.toString()));
  const { Messages } = Received.parse(JSON.parse(answered.toString()));
  return Messages.map(({ ReceiptHandle }) => JSON.stringify({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}
