/**
 * What a run that ended left in the middle. Its queues ended with it, which real ones never do: their messages are put in
 * again, from the rows that they name.
 */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { PGlite } from "@electric-sql/pglite";
import { REGION } from "./aws/context.ts";
import type { Queues } from "./aws/queues.ts";

export interface Unfinished {
  /** How many are not over. */
  readonly positions: number;
  readonly tradeIds: readonly string[];
}

export async function unfinishedIn(database: PGlite): Promise<Unfinished> {
  const live = "select from position where status not in ('closed', 'aborted')";
  const moving = "select trade_id from trade where status not in ('finalized', 'failed', 'superseded')";
  const { rows } = await database.query<{ trade_id: string }>(moving);
  return { positions: (await database.query(live)).rows.length, tradeIds: rows.map((row) => row.trade_id) };
}

/** Which of the two queues a trade waits for is told by its rows, to whoever receives the message. */
export async function queueAgain(tradeIds: readonly string[], queues: Queues): Promise<void> {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new SQSClient({ endpoint: queues.endpoint, region: REGION, credentials });
  for (const tradeId of tradeIds) {
    for (const queue of ["execute", "confirm"]) {
      await client.send(
        new SendMessageCommand({ QueueUrl: queues.url(queue), MessageBody: JSON.stringify({ tradeId }) }),
      );
    }
  }
  client.destroy();
}
