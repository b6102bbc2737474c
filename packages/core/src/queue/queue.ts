/**
 * The queues that drive trades. A message names a trade and nothing else, so that it is harmless in any number and order.
 */
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";

/**
 * What is to be done with the trade: make and send its next attempt, find out what became of the last, or look whether it and
 * the account it belongs to are as they should be.
 */
export type QueueName = "execute" | "confirm" | "reconcile";

export interface Queues {
  /** `delaySeconds`: 0 to 900, as SQS allows. */
  send(queue: QueueName, tradeId: string, delaySeconds: number): Promise<void>;
}

const Message = z.strictObject({ tradeId: z.string() });

/** @throws ZodError or SyntaxError when the body is no message of ours. */
export const parseMessage = (body: string): z.infer<typeof Message> => Message.parse(JSON.parse(body));

export const sqsQueues = (client: SQSClient, urls: Readonly<Record<QueueName, string>>): Queues => ({
  async send(queue, tradeId, delaySeconds) {
    await client.send(
      new SendMessageCommand({
        QueueUrl: urls[queue],
        MessageBody: JSON.stringify({ tradeId }),
        DelaySeconds: delaySeconds,
      }),
    );
  },
});
