/**
 * How Jupiter says no, in our words.
 *
 * Source: developers.jup.ag, "Common errors". v1 names the reason with a code; v2 promises a sentence only.
 */
import { EngineError } from "../error.ts";
import { GatewayBody, RefusalBody } from "./schema.ts";

/** What was asked, for the numbers of the refusal. */
export interface Asked {
  readonly symbol: string;
  readonly size: string;
}

/** What a refusal means to us, and what there is to do. */
interface Meaning {
  readonly code: "INSUFFICIENT_LIQUIDITY" | "NETWORK_ERROR";
  readonly advice: string;
}

/** Dust has been refused while larger amounts had routes, so it does not say that the token cannot be sold. */
const NO_ROUTE: Meaning = { code: "INSUFFICIENT_LIQUIDITY", advice: "another size may have a route" };
const NOT_TRADABLE: Meaning = { code: "INSUFFICIENT_LIQUIDITY", advice: "no size of it is traded now" };
const NOT_COMPOSED: Meaning = { code: "NETWORK_ERROR", advice: "a new quote may be composed" };
const WRONG_REQUEST: Meaning = { code: "NETWORK_ERROR", advice: "asking the same again changes nothing" };

type RoutingCode =
  | "NO_ROUTES_FOUND"
  | "COULD_NOT_FIND_ANY_ROUTE"
  | "ROUTE_PLAN_DOES_NOT_CONSUME_ALL_THE_AMOUNT"
  | "MARKET_NOT_FOUND"
  | "TOKEN_NOT_TRADABLE"
  | "NOT_SUPPORTED"
  | "CIRCULAR_ARBITRAGE_IS_DISABLED"
  | "CANNOT_COMPUTE_OTHER_AMOUNT_THRESHOLD"
  | "MAX_ACCOUNT_GREATER_THAN_MAX"
  | "INVALID_COMPUTE_UNIT_PRICE_AND_PRIORITIZATION_FEE"
  | "FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS";

export const ROUTING_CODES = {
  NO_ROUTES_FOUND: NO_ROUTE,
  COULD_NOT_FIND_ANY_ROUTE: NO_ROUTE,
  ROUTE_PLAN_DOES_NOT_CONSUME_ALL_THE_AMOUNT: NO_ROUTE,
  CANNOT_COMPUTE_OTHER_AMOUNT_THRESHOLD: NO_ROUTE, // our slippage is always valid, so it is the amount
  MARKET_NOT_FOUND: NO_ROUTE, // the router chose it, we name none
  TOKEN_NOT_TRADABLE: NOT_TRADABLE,
  FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS: NOT_COMPOSED,
  NOT_SUPPORTED: WRONG_REQUEST,
  CIRCULAR_ARBITRAGE_IS_DISABLED: WRONG_REQUEST,
  MAX_ACCOUNT_GREATER_THAN_MAX: WRONG_REQUEST,
  INVALID_COMPUTE_UNIT_PRICE_AND_PRIORITIZATION_FEE: WRONG_REQUEST,
} as const satisfies Record<RoutingCode, Meaning>;

/** The sentences that stand for a code where none is sent. */
const SENTENCES: readonly (readonly [RegExp, Meaning])[] = [
  [/route not found|could not find any route|no routes? found/i, NO_ROUTE],
  [/is not tradable/i, NOT_TRADABLE],
];

/** What a status other than 200, or a body that is a refusal, means. A server that is broken says nothing about routes. */
export function refusalOf(status: number, body: unknown, asked: Asked): EngineError {
  // Its words are left out: whoever refuses a key might repeat it.
  if (status === 401 || status === 403) return networkError(`refuses the key or keeps it from this call (${status})`);
  const { code, text } = read(body);
  const meaning = status < 500 ? meaningOf(code, text) : null;
  const said = `${text}${code === "" ? "" : ` (${code})`}`;
  if (meaning === null) return networkError(`answered ${status}: ${said}`);
  if (meaning.code === "NETWORK_ERROR") return networkError(`answered ${status}: ${said}; ${meaning.advice}`);
  const detail = `Jupiter knows no route for ${asked.size} in ${asked.symbol}: ${said}; ${meaning.advice}`;
  return new EngineError("INSUFFICIENT_LIQUIDITY", { detail, ...asked });
}

export const networkError = (what: string, cause?: unknown): EngineError =>
  new EngineError("NETWORK_ERROR", { detail: `Jupiter ${what}`, upstream: "jupiter", outcome: "known" }, { cause });

function meaningOf(code: string, text: string): Meaning | null {
  if (Object.hasOwn(ROUTING_CODES, code)) return ROUTING_CODES[code as RoutingCode];
  return SENTENCES.find(([sentence]) => sentence.test(text))?.[1] ?? null;
}

/** The first words of a page or of a body of any other shape tell a person enough. */
const WORDS_MAX = 200;

function read(body: unknown): { code: string; text: string } {
  const refusal = RefusalBody.safeParse(body).data;
  if (refusal) return { code: refusal.errorCode ?? "", text: words(refusal.error) };
  return { code: "", text: words(GatewayBody.safeParse(body).data?.message ?? body) };
}

const words = (said: unknown): string => (typeof said === "string" ? said : JSON.stringify(said)).slice(0, WORDS_MAX);
