/** A service's refusal with a given status, in its own shape: what its client's library takes apart. */
import { STATUS_CODES } from "node:http";
import type { HttpFault, Service } from "./schema.ts";

type StatusFault = Extract<HttpFault, { action: "status" }>;

interface Refusal {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const awsType = (status: number, throttled: string, failed: string): string => (status < 500 ? throttled : failed);

const rpc = (status: number, message: string): Refusal => ({
  body: { jsonrpc: "2.0", error: { code: status, message }, id: null },
});

const SHAPES: Readonly<Record<Service, (status: number, message: string) => Refusal>> = {
  // The gateway's. The API's own refusals have names: whoever wants one gives the body.
  jupiter: (status, message) => ({ body: { code: status, message } }),
  rpc,
  rpc2: rpc,
  postgres: (_status, message) => ({ body: { message } }),
  redis: (_status, message) => ({ body: { error: `ERR ${message}` } }),
  sqs: (status, message) => ({
    body: { __type: `com.amazonaws.sqs#${awsType(status, "RequestThrottled", "InternalError")}`, message },
  }),
  lambda: (status, message) => ({
    body: { Type: status < 500 ? "User" : "Service", Message: message },
    headers: { "x-amzn-errortype": awsType(status, "TooManyRequestsException", "ServiceException") },
  }),
  kms: (status, message) => ({
    body: { __type: awsType(status, "ThrottlingException", "KMSInternalException"), message },
  }),
  events: (status, message) => ({
    body: { __type: awsType(status, "ThrottlingException", "InternalException"), message },
  }),
};

/** Jupiter names the second at which to come again, everybody else how many seconds to wait. */
const waiting = (service: Service, seconds: number): Readonly<Record<string, string>> =>
  service === "jupiter"
    ? { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000) + seconds) }
    : { "retry-after": String(seconds) };

export function refusal(service: Service, { status, retryAfterSeconds, body }: StatusFault): Response {
  const shape = SHAPES[service](status, STATUS_CODES[status] ?? "Refused");
  const headers = {
    ...shape.headers,
    ...(retryAfterSeconds !== undefined && waiting(service, retryAfterSeconds)),
  };
  return Response.json(body ?? shape.body, { status, headers });
}
