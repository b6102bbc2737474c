/**
 * How Jupiter says no, in our words.
 *
 * Source: developers.jup.ag, "Common errors": routing codes come with status 400; everything that is not a routing
 * answer says nothing about whether a route exists.
 */
import { FetchError, ResponseError } from "@jup-ag/api";
import { EngineError } from "../error.ts";
import { Refusal } from "./schema.ts";

const NO_ROUTE = new Set([
  "NO_ROUTES_FOUND",
  "COULD_NOT_FIND_ANY_ROUTE",
  "ROUTE_PLAN_DOES_NOT_CONSUME_ALL_THE_AMOUNT",
  "TOKEN_NOT_TRADABLE",
  "MARKET_NOT_FOUND",
]);

const NO_ROUTE_TEXT = /^(route not found|could not find any route|no routes found)/i;

/** What was asked, for the numbers of the refusal. */
export interface Asked {
  readonly symbol: string;
  readonly size: string;
}

export async function jupiterError(error: unknown, asked: Asked): Promise<EngineError> {
  if (error instanceof EngineError) return error;
  if (error instanceof ResponseError)
    return refusalOf(error.response.status, await error.response.text(), asked, error);
  if (error instanceof FetchError) return unreachable("Jupiter could not be reached", error);
  return unreachable("Jupiter's answer makes no sense", error);
}

export function refusalOf(status: number, body: string, asked: Asked, cause?: unknown): EngineError {
  const { code, text } = read(body);
  if (status < 500 && status !== 429 && (NO_ROUTE.has(code) || NO_ROUTE_TEXT.test(text))) {
    const detail = `Jupiter knows no route for ${asked.size} in ${asked.symbol}: ${text}`;
    return new EngineError("INSUFFICIENT_LIQUIDITY", { detail, ...asked }, { cause });
  }
  return unreachable(`Jupiter answered ${status}: ${text}`, cause);
}

function read(body: string): { code: string; text: string } {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === "string") return { code: "", text: json };
    const refusal = Refusal.parse(json);
    return { code: refusal.errorCode ?? "", text: refusal.error };
  } catch {
    // A gateway's page or a truncated body: the first words tell a person enough.
    return { code: "", text: body.slice(0, 200) };
  }
}

const unreachable = (detail: string, cause: unknown): EngineError =>
  new EngineError("NETWORK_ERROR", { detail, upstream: "jupiter", outcome: "known" }, { cause });
