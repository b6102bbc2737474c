/**
 * What every HTTP function shares: the key before anything else, bounded bodies, refusals as problem documents.
 *
 * Invariants: nothing is answered without the key, whatever the path; keys are compared in constant time; what is not an
 * `EngineError` is logged and answered without its words; a store that is away is told as such, with its outcome unknown.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
import { bodyLimit } from "hono/body-limit";
import type * as z from "zod";
import type { Account } from "../account/account.ts";
import { isUnanswered } from "../db/error.ts";
import { EngineError, isEngineError } from "../error.ts";
import type { Log } from "../log.ts";
import { invalid, problemResponse } from "./problem.ts";

/** A trade is a few hundred bytes; a body that does not fit is no trade. */
const BODY_BYTES_MAX = 16 * 1024;

export interface AppDeps {
  readonly log: Log;
  /** The one bearer key. */
  readonly apiKey: string;
  readonly account: Account;
}

/** A function behind the HTTP API. */
export type HttpHandler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** Hono types the event's optional parts as always there, and no header of ours has two values; it copes with both. */
export const serve = (app: Hono): HttpHandler => handle(app) as unknown as HttpHandler;

/** A Hono app that answers only to the bearer of the key. */
export function authorizedApp({ log, apiKey }: AppDeps): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    if (!bears(context.req.header("authorization"), apiKey)) {
      throw new EngineError("UNAUTHORIZED", { detail: "send the key as: Authorization: Bearer <key>" });
    }
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: () => problemResponse(invalid(`the body has more than ${BODY_BYTES_MAX} bytes`)),
    }),
  );
  app.onError((error) => {
    if (isEngineError(error)) return problemResponse(error);
    log.error("request_failed", error);
    const upstream = awayOf(error);
    if (upstream) return problemResponse(unanswered(upstream));
    return Response.json(
      { type: "about:blank", title: "Internal error", status: 500 },
      { status: 500, headers: { "content-type": "application/problem+json" } },
    );
  });
  return app;
}

/** Which of the stores did not answer; null: it is another error. Every failure of an AWS client carries its metadata. */
function awayOf(error: Error): "postgres" | "aws" | null {
  if (isUnanswered(error)) return "postgres";
  return "$metadata" in error ? "aws" : null;
}

function unanswered(upstream: string): EngineError {
  const detail = `${upstream} did not answer: repeat the request, with the same Idempotency-Key if it has one`;
  return new EngineError("NETWORK_ERROR", { detail, upstream, outcome: "unknown" });
}

function bears(authorization: string | undefined, apiKey: string): boolean {
  const [, given = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
  // Digests have one length, so the comparison takes the same time whatever is given.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(apiKey));
}

/** The body as `schema` reads it. @throws EngineError INVALID_REQUEST naming every field that is wrong. */
export async function parseBody<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  let json: unknown;
  try {
    json = JSON.parse(await request.text());
  } catch (error) {
    throw invalid(`the body is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw invalid(errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; "), errors);
}
