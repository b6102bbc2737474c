/** A batch of messages, as Lambda delivers it, with partial answers: what failed is delivered again, what succeeded is not. */
import type { Log } from "../log.ts";
import { parseMessage } from "./queue.ts";

export interface MessageBatch {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

export interface BatchAnswer {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

export type BatchHandler = (batch: MessageBatch) => Promise<BatchAnswer>;

/** Calls `work` with the trades that the batch names; it answers which of them failed. */
export const inBatches =
  (log: Log, work: (tradeIds: readonly string[]) => Promise<readonly string[]>): BatchHandler =>
  async ({ Records }) => {
    const unreadable: string[] = [];
    const messages = Records.flatMap(({ messageId, body }) => {
      try {
        return [{ messageId, tradeId: parseMessage(body).tradeId }];
      } catch (error) {
        log.error("message_unreadable", error, { messageId });
        unreadable.push(messageId);
        return [];
      }
    });
    const failed = new Set(await work(messages.map((message) => message.tradeId)));
    const failures = messages.filter((message) => failed.has(message.tradeId)).map((message) => message.messageId);
    return { batchItemFailures: [...unreadable, ...failures].map((itemIdentifier) => ({ itemIdentifier })) };
  };

/** The same, one trade at a time in parallel; an error of one fails that one. */
export const eachOf = (log: Log, work: (tradeId: string) => Promise<void>): BatchHandler =>
  inBatches(log, async (tradeIds) => {
    const failed: string[] = [];
    await Promise.all(
      [...new Set(tradeIds)].map(async (tradeId) => {
        try {
          await work(tradeId);
        } catch (error) {
          log.error("message_failed", error, { tradeId });
          failed.push(tradeId);
        }
      }),
    );
    return failed;
  });
