import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { ACCOUNT } from "./context.ts";

/** Bodies of these types reach a handler as text, all others in base64. */
const text = /^(text\/|application\/([\w.-]+\+)?(json|xml)\b|application\/javascript\b)/i;
/** Of the connection to the gateway, not of the request. */
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);

export interface ApiRequest {
  readonly message: IncomingMessage;
  readonly url: URL;
  readonly routeKey: string;
  readonly pathParameters: Record<string, string>;
  readonly body: Buffer;
}

/** A request as an HTTP API hands it to a Lambda: payload format 2.0. */
export function apiEvent({ message, url, routeKey, pathParameters, body }: ApiRequest): APIGatewayProxyEventV2 {
  const headers = Object.entries(message.headersDistinct).filter(([name]) => name !== "cookie" && !hopByHop.has(name));
  const cookies = message.headers.cookie?.split(/; ?/);
  const query = Object.groupBy(url.searchParams, ([name]) => name);
  const isBase64Encoded = body.length > 0 && !text.test(message.headers["content-type"] ?? "text/plain");
  const now = new Date();
  const joined = Object.fromEntries(headers.map(([name, values = []]) => [name, values.join(",")]));
  return {
    version: "2.0",
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookies && { cookies }),
    headers: joined,
    ...(url.search !== "" && {
      queryStringParameters: Object.fromEntries(
        Object.entries(query).map(([name, pairs = []]) => [name, pairs.map(([, value]) => value).join(",")]),
      ),
    }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: "local",
      domainName: joined["host"] ?? "localhost",
      domainPrefix: "local",
      http: {
        method: message.method ?? "GET",
        path: url.pathname,
        protocol: `HTTP/${message.httpVersion}`,
        sourceIp: message.socket.remoteAddress ?? "127.0.0.1",
        userAgent: joined["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey,
      stage: "$default",
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isBase64Encoded ? "base64" : "utf8") }),
    isBase64Encoded,
  };
}
