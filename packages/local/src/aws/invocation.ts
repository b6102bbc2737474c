import { setTimeout as sleep } from "node:timers/promises";
import type { Handler } from "aws-lambda";
import { lambdaContext, noCallbacks } from "./context.ts";

/** A handler of whatever event: what it is given comes from outside, and only the handler can tell whether it is right. */
export type LambdaHandler = Handler<never, unknown>;

/** Lambda freezes what runs too long. Here it can only be given up: its promise goes on, and nobody listens. */
export class TaskTimedOut extends Error {
  override readonly name = "Sandbox.Timedout";
}

/** Runs a handler once, as long as its function may take. */
export async function invoke(
  handler: LambdaHandler,
  event: unknown,
  { functionName, timeoutMs }: { functionName: string; timeoutMs: number },
): Promise<unknown> {
  const context = lambdaContext(functionName, timeoutMs);
  const returned = new AbortController();
  const run = async () => handler(event as never, context, noCallbacks);
  const timeOut = async () => {
    await sleep(timeoutMs, undefined, { signal: returned.signal, ref: false });
    const seconds = (timeoutMs / 1000).toFixed(2);
    throw new TaskTimedOut(`RequestId: ${context.awsRequestId} Error: Task timed out after ${seconds} seconds`);
  };
  try {
    return await Promise.race([run(), timeOut()]);
  } finally {
    returned.abort();
  }
}
