/**
 * The engine: the deployed handlers, called as AWS would call them: HTTP requests, queue messages, invocations, a schedule.
 *
 * It holds no state of its own. Killed at any moment and started again, it goes on from the rows, the queues and the chain.
 */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { SQSClient } from "@aws-sdk/client-sqs";
import { configFrom } from "@backstop/core/config";
import * as confirmTrades from "../../../functions/confirm-trades.ts";
import * as evaluateStops from "../../../functions/evaluate-stops.ts";
import * as executeTrades from "../../../functions/execute-trades.ts";
import * as health from "../../../functions/health.ts";
import * as positions from "../../../functions/positions.ts";
import * as reconcile from "../../../functions/reconcile.ts";
import * as relayEvents from "../../../functions/relay-events.ts";
import * as sign from "../../../functions/sign.ts";
import { log } from "../../../functions/system.ts";
import * as trades from "../../../functions/trades.ts";
import { EVALUATE_STOPS_EVERY_MS, queues, timeoutSeconds } from "../../../infra/settings.ts";
import { startApi } from "./aws/api-gateway.ts";
import { ACCOUNT, REGION } from "./aws/context.ts";
import { pollQueue } from "./aws/event-source.ts";
import { startRuntime } from "./aws/runtime.ts";

/** Long polling: SQS answers at once when there is a message, and after this when there is none. */
const RECEIVE_WAIT_SECONDS = 2;

/** In deployment it is woken by commits and hourly. Here no database has to sleep, and somebody is watching. */
const RELAY_EVENTS_EVERY_MS = 1_000;

/** In deployment it is hourly, for the same reason. */
const RECONCILE_EVERY_MS = 60_000;

export interface Engine {
  /** Of the API. */
  readonly url: string;
  close(): Promise<void>;
}

/** Reads its surroundings from `process.env`, as the deployed functions do. */
export async function startEngine(environment: NodeJS.ProcessEnv, port: number): Promise<Engine> {
  // The functions read it at their first call; a value that is wrong is told at once instead.
  configFrom(environment);
  const onError = (error: unknown) => log.error("invocation_failed", error);
  const runtime = await startRuntime({
    functions: {
      sign: sign.handler,
      "evaluate-stops": evaluateStops.handler,
      "relay-events": relayEvents.handler,
      reconcile: reconcile.handler,
    },
    timeoutsMs: {
      sign: timeoutSeconds.sign * 1000,
      "evaluate-stops": timeoutSeconds.evaluateStops * 1000,
      "relay-events": timeoutSeconds.relayEvents * 1000,
      reconcile: timeoutSeconds.reconcile * 1000,
    },
  });
  await fetch(`${environment["BACKSTOP_LOCAL_CONTROL_URL"]}/engine`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ runtimeUrl: runtime.url }),
  });

  const client = new SQSClient({});
  const source = { client, waitSeconds: RECEIVE_WAIT_SECONDS, onError };
  const arn = (name: string) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
  const pollers = [
    pollQueue({
      ...source,
      ...queues.execute,
      functionTimeoutSeconds: timeoutSeconds.executeTrades,
      queueUrl: environment["EXECUTE_QUEUE_URL"] ?? "",
      queueArn: arn("execute"),
      handler: executeTrades.handler,
    }),
    pollQueue({
      ...source,
      ...queues.confirm,
      functionTimeoutSeconds: timeoutSeconds.confirmTrades,
      queueUrl: environment["CONFIRM_QUEUE_URL"] ?? "",
      queueArn: arn("confirm"),
      handler: confirmTrades.handler,
    }),
    pollQueue({
      ...source,
      ...queues.reconcile,
      functionTimeoutSeconds: timeoutSeconds.reconcile,
      queueUrl: environment["RECONCILE_QUEUE_URL"] ?? "",
      queueArn: arn("reconcile"),
      handler: reconcile.handler,
    }),
  ];
  const schedules = [
    every(EVALUATE_STOPS_EVERY_MS, "evaluate-stops", onError),
    every(RELAY_EVENTS_EVERY_MS, "relay-events", onError),
    every(RECONCILE_EVERY_MS, "reconcile", onError),
  ];
  const api = await startApi({
    port,
    timeoutMs: timeoutSeconds.api * 1000,
    onError,
    routes: {
      "POST /trades": trades.handler,
      "GET /trades/{tradeId}": trades.handler,
      "GET /positions": positions.handler,
      "GET /positions/{positionId}": positions.handler,
      "PATCH /positions/{positionId}/stop": positions.handler,
      "POST /positions/{positionId}/close": positions.handler,
      "GET /health": health.handler,
    },
  });

  return {
    url: api.url,
    async close() {
      for (const schedule of schedules) clearInterval(schedule);
      await api.close();
      await Promise.all(pollers.map((poller) => poller.close()));
      await runtime.close();
    },
  };
}

/** The Scheduler: an asynchronous invocation now and every so often. */
function every(milliseconds: number, functionName: string, onError: (error: unknown) => void): NodeJS.Timeout {
  const lambda = new LambdaClient({});
  const invoke = () =>
    void lambda
      .send(new InvokeCommand({ FunctionName: functionName, InvocationType: "Event", Payload: "{}" }))
      .catch(onError);
  invoke();
  return setInterval(invoke, milliseconds);
}
