/** API Gateway: a request of a person, and the function's answer to it, if one comes. */
import type { HttpHandler } from "@backstop/core/api/app";
import type { Context } from "aws-lambda";
import { API_KEY } from "./functions.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Lambda's words about the invocation: no handler of ours reads them. */
const CONTEXT = {} as Context;

export async function through(handler: HttpHandler, request: ApiRequest): Promise<ApiAnswer> {
  const { method, path, body, idempotencyKey } = request;
  const routeKey = `${method} ${path}`;
  const { statusCode = 200, body: text = "" } = await handler(
    {
      version: "2.0",
      routeKey,
      rawPath: path,
      rawQueryString: "",
      headers: {
        authorization: `Bearer ${API_KEY}`,
        "content-type": "application/json",
        host: "simulation.invalid",
        ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
      },
      requestContext: {
        accountId: "simulation",
        apiId: "simulation",
        domainName: "simulation.invalid",
        domainPrefix: "simulation",
        http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "a person" },
        requestId: "request",
        routeKey,
        stage: "$default",
        time: "",
        timeEpoch: 0,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      isBase64Encoded: false,
    },
    CONTEXT,
  );
  return { status: statusCode, body: JSON.parse(text) as ApiAnswer["body"] };
}
