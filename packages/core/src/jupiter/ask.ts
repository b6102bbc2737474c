/**
 * Asking Jupiter, in the one way both versions of its API are asked: in turn, with the key, within a deadline, and with every
 * kind of answer told apart.
 *
 * Invariant: an answer that is none (late, malformed, refused for reasons of its own) says nothing about whether a route exists.
 */
import type * as z from "zod";
import type { Clock } from "../clock.ts";
import type { QuoteRequest } from "./client.ts";
import { networkError, refusalOf } from "./errors.ts";
import { type RateLimit, rateLimited, toldBy, waitTurn } from "./rate-limit.ts";
import { RefusalBody } from "./schema.ts";

export interface JupiterConfig {
  /** Such as `https://api.jup.ag`. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface JupiterDeps {
  readonly config: JupiterConfig;
  readonly clock: Clock;
  readonly rateLimit: RateLimit;
}

/** One call. Quotes take less than half a second at the 95th percentile; a stop cannot wait for the rest. */
const DEADLINE_MS = 3_000;

/** `fetch`, with the key, and a deadline that holds for the body as well. */
export const fetching =
  ({ config, clock }: JupiterDeps) =>
  (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const headers = { ...(init?.headers as Record<string, string> | undefined), "x-api-key": config.apiKey };
    return fetch(url, { ...init, headers, signal: clock.deadline(DEADLINE_MS) });
  };

type About = Pick<QuoteRequest, "priority" | "asked">;

/** @throws EngineError INSUFFICIENT_LIQUIDITY, RATE_LIMITED, NETWORK_ERROR. */
export async function ask<Schema extends z.ZodType>(
  { clock, rateLimit }: JupiterDeps,
  { priority, asked }: About,
  schema: Schema,
  send: () => Promise<Response>,
): Promise<z.output<Schema>> {
  await waitTurn(rateLimit, clock, priority);
  let response: Response;
  let body: string;
  try {
    response = await send();
    body = await response.text();
  } catch (error) {
    throw networkError(isLate(error) ? `did not answer within ${DEADLINE_MS} ms` : "could not be reached", error);
  }
  const told = toldBy(response.status, response.headers);
  if (told) await rateLimit.learn(told);
  if (told?.refused) throw rateLimited(told.window?.resetAt ?? null, clock.now());
  const json = jsonOf(body);
  // Refusals have been seen under a status of 200.
  if (!response.ok || RefusalBody.safeParse(json).success) throw refusalOf(response.status, json ?? body, asked);
  if (json === undefined) throw networkError(`answered ${response.status} with what is no JSON`);
  const answer = schema.safeParse(json);
  if (!answer.success) throw networkError(`answered what makes no sense: ${firstIssue(answer.error)}`, answer.error);
  return answer.data;
}

/** A deadline that passed, however deep a library has wrapped it. */
const isLate = (error: unknown): boolean =>
  error instanceof Error && (error.name === "TimeoutError" || isLate(error.cause));

/** Undefined: it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  return issue ? `${issue.path.join(".") || "the body"}: ${issue.message}` : "";
}
