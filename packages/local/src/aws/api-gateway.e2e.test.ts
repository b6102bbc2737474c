import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startApi } from "./api-gateway.ts";
import type { ApiHandler } from "./api-route.ts";

let api: Awaited<ReturnType<typeof startApi>>;
let events: APIGatewayProxyEventV2[];
let errors: unknown[];

const record = async (event: APIGatewayProxyEventV2) => {
  events.push(event);
  return { routeKey: event.routeKey };
};

const app = new Hono().get("/hono/:id", (c) =>
  c.json({ id: c.req.param("id"), q: c.req.query("q") }, 201, { "x-own": "yes" }),
);

beforeAll(async () => {
  api = await startApi({
    routes: {
      "GET /positions": record,
      "GET /positions/{id}": record,
      "GET /positions/open": record,
      "POST /trades": record,
      "PATCH /positions/{id}/stop": record,
      "GET /hono/{id}": handle(app) as unknown as ApiHandler, // whose types of the same event are Hono's own
      "GET /full": async () => ({
        statusCode: 418,
        headers: { "Content-Type": "image/png", "x-number": 7 },
        cookies: ["a=1; HttpOnly", "b=2"],
        body: "AP8=",
        isBase64Encoded: true,
      }),
      "GET /text": async () => "plain",
      "GET /empty": async () => ({ statusCode: 204 }),
      "GET /throws": async () => {
        throw new URIError("mine");
      },
      "GET /nonsense": async () => ({ statusCode: 1 }),
    },
    onError: (error) => errors.push(error),
  });
});

beforeEach(() => {
  [events, errors] = [[], []];
});

afterAll(() => api.close());

test("a handler gets the request as payload format 2.0", async () => {
  const headers = { "content-type": "application/json", cookie: "a=1; b=2", "user-agent": "me", "x-list": "1" };
  await fetch(`${api.url}/positions/a%2Fb%20c/stop?x=1&y=%20&x=2`, { method: "PATCH", body: '{"é":1}', headers });
  expect(events).toEqual([
    {
      version: "2.0",
      routeKey: "PATCH /positions/{id}/stop",
      rawPath: "/positions/a%2Fb%20c/stop",
      rawQueryString: "x=1&y=%20&x=2",
      cookies: ["a=1", "b=2"],
      headers: expect.objectContaining({
        "content-type": "application/json",
        host: new URL(api.url).host,
        "x-list": "1",
      }),
      queryStringParameters: { x: "1,2", y: " " },
      pathParameters: { id: "a/b c" },
      requestContext: expect.objectContaining({
        http: {
          method: "PATCH",
          path: "/positions/a%2Fb%20c/stop",
          protocol: "HTTP/1.1",
          sourceIp: "127.0.0.1",
          userAgent: "me",
        },
        routeKey: "PATCH /positions/{id}/stop",
        stage: "$default",
      }),
      body: '{"é":1}',
      isBase64Encoded: false,
    },
  ]);
  expect(events[0]?.headers).not.toHaveProperty("cookie");
});

test("what is absent from a request is absent from the event, and bytes are base64", async () => {
  await fetch(`${api.url}/positions`);
  expect(events[0]).toMatchObject({ rawQueryString: "", isBase64Encoded: false });
  for (const absent of ["body", "cookies", "queryStringParameters", "pathParameters"])
    expect(events[0]).not.toHaveProperty(absent);
  await fetch(`${api.url}/trades`, {
    method: "POST",
    body: Buffer.from([0, 255]),
    headers: { "content-type": "application/octet-stream" },
  });
  expect(events[1]).toMatchObject({ body: "AP8=", isBase64Encoded: true });
});

test("the route that says more wins", async () => {
  const routeOf = async (path: string) => (await fetch(api.url + path)).json();
  expect(await routeOf("/positions/open")).toEqual({ routeKey: "GET /positions/open" });
  expect(await routeOf("/positions/7")).toEqual({ routeKey: "GET /positions/{id}" });
});

test("what a handler answers is what the caller gets", async () => {
  const full = await fetch(`${api.url}/full`);
  expect([full.status, full.headers.get("content-type"), full.headers.get("x-number")]).toEqual([
    418,
    "image/png",
    "7",
  ]);
  expect(full.headers.getSetCookie()).toEqual(["a=1; HttpOnly", "b=2"]);
  expect(Buffer.from(await full.arrayBuffer())).toEqual(Buffer.from([0, 255]));

  const plain = await fetch(`${api.url}/text`);
  expect([plain.status, plain.headers.get("content-type"), await plain.text()]).toEqual([
    200,
    "application/json",
    "plain",
  ]);
  expect((await fetch(`${api.url}/empty`)).status).toBe(204);

  const hono = await fetch(`${api.url}/hono/a%20b?q=1`);
  expect([hono.status, hono.headers.get("x-own"), await hono.json()]).toEqual([201, "yes", { id: "a b", q: "1" }]);
});

test("what no handler can answer is answered in API Gateway's words", async () => {
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(api.url + path, init);
    return [response.status, await response.json()];
  };
  expect(await get("/nowhere")).toEqual([404, { message: "Not Found" }]);
  expect(await get("/positions/")).toEqual([404, { message: "Not Found" }]);
  expect(await get("/positions", { method: "DELETE" })).toEqual([404, { message: "Not Found" }]);
  expect(await get("/positions/%zz")).toEqual([400, { message: "Bad Request" }]);
  expect(await get("/trades", { method: "POST", body: Buffer.alloc(10 * 1024 * 1024 + 1) })).toEqual([
    413,
    { message: "Request Entity Too Large" },
  ]);
  expect(events).toEqual([]);
  expect(errors).toEqual([]);
  expect(await get("/throws")).toEqual([500, { message: "Internal Server Error" }]);
  expect(await get("/nonsense")).toEqual([500, { message: "Internal Server Error" }]);
  expect(errors).toEqual([new URIError("mine"), expect.any(RangeError)]);
});

test("a request that is no HTTP, or breaks off, is not the end of the server", async () => {
  const { port } = new URL(api.url);
  for (const garbage of ["hello\r\n\r\n", "GET positions HTTP/1.1\r\nhost: x\r\n\r\n"]) {
    const socket = connect(Number(port), "127.0.0.1").end(garbage);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 [45]00/);
  }
  const broken = connect(Number(port), "127.0.0.1");
  broken.write("POST /trades HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\nhalf");
  expect(String((await once(broken, "data"))[0])).toMatch(/^HTTP\/1.1 100/);
  broken.destroy();
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  expect((await fetch(`${api.url}/text`)).status).toBe(200);
  expect(events).toEqual([]);
});

test("a port that was asked for is used, and one that is taken is an error", async () => {
  const { port } = new URL(api.url);
  await expect(startApi({ routes: {}, port: Number(port) })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
