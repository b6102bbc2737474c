/** What befalls a request, as the client libraries see it that the engine uses. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Configuration, ResponseError, SwapApi } from "@jup-ag/api";
import { neon, neonConfig } from "@neondatabase/serverless";
import { Connection } from "@solana/web3.js";
import { Redis } from "@upstash/redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SOL, USDC } from "../chain/mints.ts";
import { type Services, startServices } from "../services.ts";
import { type Faults, faultsAt } from "./client.ts";

const ONCE = { retries: 0 };
const QUICK_SLOT_MS = 50;

let services: Services;
let faults: Faults;
let endpoint: string;
let url: (name: string) => string;

beforeAll(async () => {
  services = await startServices({ seed: "requests", slotMs: QUICK_SLOT_MS });
  url = (name) => services.environment[name] ?? expect.unreachable(name);
  endpoint = url("BACKSTOP_LOCAL_CONTROL_URL");
  faults = faultsAt(endpoint);
  neonConfig.fetchEndpoint = url("DATABASE_FETCH_ENDPOINT");
  neonConfig.fetchFunction = fetch; // the services' own client has a deadline for everybody
  await sql()`create table note (text text not null)`;
});
afterEach(() => faults.calm());
afterAll(() => services.close());

const sql = () => neon(url("DATABASE_URL"));
const redis = () =>
  new Redis({ url: url("UPSTASH_REDIS_REST_URL"), token: url("UPSTASH_REDIS_REST_TOKEN"), retry: ONCE });
const rpc = (name = "BACKSTOP_JUPITER_RPC_ENDPOINT") =>
  new Connection(url(name), { commitment: "confirmed", disableRetryOnRateLimit: true });
const aws = (service: string) => ({
  endpoint: url(`AWS_ENDPOINT_URL_${service}`),
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
  maxAttempts: 1,
});
const jupiter = (signal?: AbortSignal) =>
  new SwapApi(
    new Configuration({
      basePath: `${url("JUPITER_URL")}/swap/v1`,
      headers: { "x-api-key": url("JUPITER_API_KEY") },
      ...(signal && {
        fetchApi: (input: string | URL | Request, init?: RequestInit) => fetch(input, { ...init, signal }),
      }),
    }),
  ).quoteGet({ inputMint: USDC.address.toBase58(), outputMint: SOL.address.toBase58(), amount: 1_000_000 });

/** Begun at once: the client's own promise waits for somebody to await it. */
const note = (text: string, fetchOptions: RequestInit = {}): Promise<unknown> =>
  Promise.resolve(neon(url("DATABASE_URL"), { fetchOptions })`insert into note (text) values (${text})`);
const notes = async (text: string) => (await sql()`select 1 from note where text = ${text}`).length;

const responseOf = async (asked: Promise<unknown>): Promise<Response> => {
  const error = await asked.catch((caught: unknown) => caught);
  return error instanceof ResponseError ? error.response : expect.unreachable(String(error));
};

describe("a status", () => {
  it("is Jupiter's 429 with the second at which to come again, as often as it is meant to be", async () => {
    await faults.set({
      kind: "http",
      service: "jupiter",
      action: "status",
      status: 429,
      retryAfterSeconds: 7,
      times: 2,
    });
    for (let count = 0; count < 2; count += 1) {
      const response = await responseOf(jupiter());
      expect(response.status).toBe(429);
      expect(await response.json()).toEqual({ code: 429, message: "Too Many Requests" });
      const seconds = Number(response.headers.get("x-ratelimit-reset")) - Date.now() / 1000;
      expect(seconds).toBeGreaterThan(5);
      expect(seconds).toBeLessThan(9);
    }
    expect(BigInt((await jupiter()).outAmount)).toBeGreaterThan(0n);
  });

  it("has the body that it was given", async () => {
    const body = { error: "Could not find any route", errorCode: "COULD_NOT_FIND_ANY_ROUTE" };
    await faults.set({ kind: "http", service: "jupiter", action: "status", status: 400, body });
    expect(await (await responseOf(jupiter())).json()).toEqual(body);
  });

  it("is the RPC's, of the one node and for the one method", async () => {
    const fault = { kind: "http", service: "rpc", action: "status", status: 503, times: "always" } as const;
    await faults.set({ ...fault, match: "getSignatureStatuses" });
    await expect(rpc().getSignatureStatuses(["1".repeat(64)])).rejects.toThrow("503 Service Unavailable");
    expect(await rpc().getBlockHeight()).toBeGreaterThan(0);
    const other = rpc("BACKSTOP_JUPITER_BROADCAST_ENDPOINTS");
    expect((await other.getSignatureStatuses(["1".repeat(64)])).value).toEqual([null]);
    await faults.set({ ...fault, service: "rpc2" });
    await expect(other.getBlockHeight()).rejects.toThrow("503");
  });

  it("is Postgres's, and then nothing was written", async () => {
    await faults.set({ kind: "http", service: "postgres", match: "insert into note", action: "status", status: 500 });
    await expect(note("refused")).rejects.toThrow("Internal Server Error");
    expect(await notes("refused")).toBe(0);
  });

  it("is Redis's, and its words", async () => {
    await faults.set({ kind: "http", service: "redis", action: "status", status: 429, match: "incr" });
    await expect(redis().incr("refused")).rejects.toThrow("ERR Too Many Requests");
    expect(await redis().get("refused")).toBeNull();
  });

  it("is an exception of AWS, with its name", async () => {
    const refuse = (service: "sqs" | "lambda" | "kms" | "events", status: number) =>
      faults.set({ kind: "http", service, action: "status", status });
    const send = () =>
      new SQSClient(aws("SQS")).send(new SendMessageCommand({ QueueUrl: url("EXECUTE_QUEUE_URL"), MessageBody: "{}" }));
    const invoke = () => new LambdaClient(aws("LAMBDA")).send(new InvokeCommand({ FunctionName: "sign" }));
    const ask = () => new KMSClient(aws("KMS")).send(new GetPublicKeyCommand({ KeyId: url("KMS_KEY_ID") }));
    const put = () => new EventBridgeClient(aws("EVENTBRIDGE")).send(new PutEventsCommand({ Entries: [] }));
    await refuse("sqs", 400);
    await expect(send()).rejects.toMatchObject({ name: "RequestThrottled" });
    await refuse("sqs", 503);
    await expect(send()).rejects.toMatchObject({ name: "InternalError", $metadata: { httpStatusCode: 503 } });
    await refuse("lambda", 429);
    await expect(invoke()).rejects.toMatchObject({ name: "TooManyRequestsException" });
    await refuse("lambda", 500);
    await expect(invoke()).rejects.toMatchObject({ name: "ServiceException" });
    await refuse("kms", 400);
    await expect(ask()).rejects.toMatchObject({ name: "ThrottlingException" });
    await refuse("kms", 500);
    await expect(ask()).rejects.toMatchObject({ name: "KMSInternalException" });
    await refuse("events", 500);
    await expect(put()).rejects.toMatchObject({ name: "InternalException" });
  });
});

describe("a reply", () => {
  it("is lost after the work was done", async () => {
    await faults.set({ kind: "http", service: "postgres", match: "insert into note", action: "lost_reply" });
    await expect(note("lost reply")).rejects.toThrow("fetch failed");
    expect(await notes("lost reply")).toBe(1);
    await faults.set({ kind: "http", service: "redis", match: "incr", action: "lost_reply" });
    await expect(redis().incr("lost reply")).rejects.toThrow("fetch failed");
    expect(await redis().get("lost reply")).toBe(1);
    await faults.set({ kind: "http", service: "sqs", match: "lost reply", action: "lost_reply" });
    const client = new SQSClient(aws("SQS"));
    const QueueUrl = url("EXECUTE_QUEUE_URL");
    await expect(client.send(new SendMessageCommand({ QueueUrl, MessageBody: "lost reply" }))).rejects.toThrow();
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(Messages).toMatchObject([{ Body: "lost reply" }]);
  });

  it("is held after the work was done, until told", async () => {
    const id = await faults.set({ kind: "http", service: "postgres", match: 'insert into "note"', action: "hold" });
    let answered = false;
    const writing = note("held").then(() => {
      answered = true;
    });
    await faults.waitUntilHeld(id);
    expect(await notes("held")).toBe(1);
    await sleep(100);
    expect(answered).toBe(false);
    expect(await faults.release(id)).toMatchObject({ id, bitten: 1, held: 1 });
    await writing;
    expect(await faults.list()).toEqual([]);
  });

  it("of a client that is gone is dropped", async () => {
    const id = await faults.set({ kind: "http", service: "postgres", match: "insert into note", action: "hold" });
    const leaving = new AbortController();
    const writing = note("left", { signal: leaving.signal }).catch((error: unknown) => error);
    await faults.waitUntilHeld(id);
    leaving.abort();
    expect(await writing).toBeInstanceOf(Error);
    await sleep(50);
    expect(await faults.list()).toMatchObject([{ id, held: 1 }]);
    await faults.release(id);
    expect(await notes("left")).toBe(1);
  });
});

describe("a request", () => {
  it("is cut off before any work", async () => {
    await faults.set({ kind: "http", service: "postgres", match: "insert into note", action: "cut" });
    await expect(note("cut")).rejects.toThrow("fetch failed");
    expect(await notes("cut")).toBe(0);
  });

  it("is held before the work, which is done when it is let go, though nobody waits any more", async () => {
    const id = await faults.set({
      kind: "http",
      service: "postgres",
      match: "insert into note",
      action: "hold_request",
    });
    const leaving = new AbortController();
    const writing = note("frozen", { signal: leaving.signal }).catch((error: unknown) => error);
    await faults.waitUntilHeld(id);
    leaving.abort();
    expect(await writing).toBeInstanceOf(Error);
    expect(await notes("frozen")).toBe(0);
    await faults.release(id);
    await expect.poll(() => notes("frozen")).toBe(1);
  });

  it("is never answered, until its client gives up or all is calm", async () => {
    const id = await faults.set({ kind: "http", service: "jupiter", action: "timeout", times: "always" });
    await expect(jupiter(AbortSignal.timeout(200))).rejects.toThrow();
    await expect.poll(async () => (await faults.list())[0]).toMatchObject({ id, bitten: 1, held: 0 });
    const waiting = jupiter().catch((error: unknown) => error);
    await faults.waitUntilHeld(id);
    await faults.calm();
    expect(await waiting).toMatchObject({ name: "FetchError" });
  });

  it("is late", async () => {
    await faults.set({ kind: "http", service: "rpc", action: "delay", ms: 300 });
    const began = performance.now();
    await rpc().getSlot();
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  it("is befallen by the first fault that is meant for it, and by one only", async () => {
    const elsewhere = await faults.set({ kind: "http", service: "jupiter", action: "cut", times: "always" });
    const ids = [
      await faults.set({ kind: "http", service: "rpc", match: "getSlot", action: "delay", ms: 1 }),
      await faults.set({ kind: "http", service: "rpc", action: "cut" }),
    ];
    await rpc().getSlot();
    await expect(rpc().getSlot()).rejects.toThrow();
    expect(await rpc().getSlot()).toBeGreaterThan(0);
    expect((await faults.list()).map(({ id, bitten, spent }) => ({ id, bitten, spent }))).toEqual([
      { id: elsewhere, bitten: 0, spent: false },
      ...ids.map((id) => ({ id, bitten: 1, spent: true })),
    ]);
  });
});

describe("a service", () => {
  it.each([
    ["JUPITER_URL"],
    ["BACKSTOP_JUPITER_RPC_ENDPOINT"],
    ["DATABASE_FETCH_ENDPOINT"],
    ["UPSTASH_REDIS_REST_URL"],
    ["AWS_ENDPOINT_URL_SQS"],
    ["AWS_ENDPOINT_URL_LAMBDA"],
    ["AWS_ENDPOINT_URL_EVENTBRIDGE"],
  ])("outlives clients that die in the middle of everything: %s", async (name) => {
    const { port, host } = new URL(url(name));
    const head = `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n`;
    const whole = `POST /sql HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 2\r\n\r\n{}`;
    for (const bytes of [head, `${head}{"half`, whole, "nonsense\r\n\r\n"]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => undefined);
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.resetAndDestroy();
    }
    await sleep(50);
    expect((await fetch(url(name))).status).toBeGreaterThan(0);
    expect(await rpc().getSlot()).toBeGreaterThan(0);
  });

  it("does its work as it is while a fault waits for something else", async () => {
    await faults.set({ kind: "http", service: "sqs", match: "no such words", action: "cut", times: "always" });
    const client = new SQSClient(aws("SQS"));
    const QueueUrl = url("CONFIRM_QUEUE_URL");
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "as it is: ü" }));
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(Messages).toMatchObject([{ Body: "as it is: ü" }]);
  });
});
