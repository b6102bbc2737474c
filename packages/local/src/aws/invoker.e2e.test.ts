import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Context } from "aws-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DroppedEvent, type Invoker, startInvoker } from "./invoker.ts";
import { startRuntime } from "./runtime.ts";

let invoker: Invoker;
let client: LambdaClient;
let runtime: Awaited<ReturnType<typeof startRuntime>> | undefined;
let dropped: DroppedEvent[];
/** What the functions were called with. */
let calls: unknown[];

const functions = {
  echo: async (event: { value: unknown }, context: Context) => ({
    ...event,
    name: context.functionName,
    left: context.getRemainingTimeInMillis(),
  }),
  nothing: async () => undefined,
  refuse: async (event: { times?: number }) => {
    calls.push(event);
    if (calls.length <= (event.times ?? Number.POSITIVE_INFINITY)) throw new RangeError("too far");
  },
  note: async (event: unknown) => void calls.push(event),
  throwText: async () => {
    throw "just text";
  },
  sleep: () => new Promise<void>(() => undefined),
};
const timeoutsMs = { echo: 3_000, nothing: 3_000, refuse: 3_000, note: 3_000, throwText: 3_000, sleep: 50 };

beforeEach(async () => {
  [calls, dropped, runtime] = [[], [], undefined];
  invoker = await startInvoker({ onDropped: (event) => dropped.push(event) });
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  client = new LambdaClient({ endpoint: invoker.endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await runtime?.close();
  await invoker.close();
});

async function startEngine(): Promise<void> {
  runtime = await startRuntime({ functions, timeoutsMs });
  invoker.register(runtime.url);
}

async function invoke(
  FunctionName: string,
  event?: unknown,
  InvocationType: "RequestResponse" | "Event" | "DryRun" = "RequestResponse",
) {
  const payload = event === undefined ? {} : { Payload: JSON.stringify(event) };
  const response = await client.send(new InvokeCommand({ FunctionName, InvocationType, ...payload }));
  const text = response.Payload?.transformToString();
  return { status: response.StatusCode, error: response.FunctionError, payload: text ? JSON.parse(text) : undefined };
}

test("a function's result is the answer, and it knows which function it is and how long it has", async () => {
  await startEngine();
  const { status, error, payload } = await invoke("echo", { value: "é" });
  expect([status, error, payload]).toEqual([200, undefined, { value: "é", name: "echo", left: expect.any(Number) }]);
  expect(payload.left).toBeGreaterThan(1_000);
  expect(payload.left).toBeLessThanOrEqual(3_000);
  expect(await invoke("nothing")).toEqual({ status: 200, error: undefined, payload: null });
});

test("what a function throws is in the payload, and marked as an error", async () => {
  await startEngine();
  expect(await invoke("refuse", {})).toEqual({
    status: 200,
    error: "Unhandled",
    payload: {
      errorType: "RangeError",
      errorMessage: "too far",
      trace: expect.arrayContaining(["RangeError: too far"]),
    },
  });
  expect((await invoke("throwText")).payload).toEqual({ errorType: "string", errorMessage: "just text", trace: [] });
  expect(await invoke("sleep")).toEqual({
    status: 200,
    error: "Unhandled",
    payload: {
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: .+ Error: Task timed out after 0.05 seconds$/),
    },
  });
});

test("a function that does not exist is not found, whatever the type of invocation", async () => {
  await startEngine();
  for (const type of ["RequestResponse", "Event", "DryRun"] as const) {
    await expect(invoke("toString", {}, type)).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: expect.stringContaining("function:toString"),
    });
  }
  expect(await invoke("note", {}, "DryRun")).toMatchObject({ status: 204 });
  expect(calls).toEqual([]);
});

test("a payload that is not JSON is refused", async () => {
  await startEngine();
  const command = new InvokeCommand({ FunctionName: "note", Payload: "{" });
  await expect(client.send(command)).rejects.toMatchObject({ name: "InvalidRequestContentException" });
});

test("an event is accepted at once, and given again until the function did it", async () => {
  await startEngine();
  expect(await invoke("refuse", { times: 2 }, "Event")).toMatchObject({ status: 202 });
  await expect.poll(() => calls, { timeout: 5_000 }).toHaveLength(3);
  expect(dropped).toEqual([]);
});

test("an event whose function fails three times is dropped, and said so", async () => {
  await startEngine();
  await invoke("refuse", { id: 1 }, "Event");
  await expect.poll(() => dropped, { timeout: 5_000 }).toHaveLength(1);
  expect(calls).toEqual([{ id: 1 }, { id: 1 }, { id: 1 }]);
  expect(dropped).toMatchObject([
    { functionName: "refuse", payload: '{"id":1}', error: { message: expect.stringContaining("too far") } },
  ]);
});

test("without an engine an invocation fails, and an event waits for one", async () => {
  const away = { name: "ServiceException", $metadata: { httpStatusCode: 503 } };
  await expect(invoke("echo", {})).rejects.toMatchObject(away);
  await expect(invoke("echo", {}, "DryRun")).rejects.toMatchObject(away);
  await invoke("note", { waited: "for the first" }, "Event");
  await startEngine();
  await expect.poll(() => calls).toEqual([{ waited: "for the first" }]);

  await runtime?.close();
  await expect(invoke("echo", {})).rejects.toMatchObject(away);
  await invoke("note", { waited: "for the second" }, "Event");
  await startEngine();
  await expect.poll(() => calls).toHaveLength(2);
});

test("an engine that dies in the middle of an invocation fails it", async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const die = async () => {
    start();
    await new Promise(() => undefined);
  };
  const engine = await startRuntime({ functions: { die }, timeoutsMs: { die: 60_000 } });
  invoker.register(engine.url);
  const invocation = expect(invoke("die", {})).rejects.toMatchObject({ name: "ServiceException" });
  await started;
  await engine.close();
  await invocation;
});
