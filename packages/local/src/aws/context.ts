import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";

/** The names that AWS would give; every emulator of this folder says the same. */
export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";

export function noCallbacks(): never {
  throw new Error("Lambda's Node 24 has no callbacks: return a promise");
}

/** What Lambda tells a handler about the invocation it is in. The one place that makes it up. */
export function lambdaContext(functionName: string, timeoutMs: number): Context {
  const deadline = Date.now() + timeoutMs;
  return {
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${functionName}`,
    memoryLimitInMB: "1024",
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: noCallbacks,
    fail: noCallbacks,
    succeed: noCallbacks,
  };
}
