/**
 * Configuration, validated at start. The promised shape, with fractions turned into basis points once.
 *
 * Every key may be overridden by an environment variable: `stopLoss.minDistance` is `BACKSTOP_STOP_LOSS_MIN_DISTANCE`.
 */
import * as z from "zod";
import { type Bps, bpsFromFraction } from "./money/bps.ts";

/** A number between two bounds; what is wrong is told with both. */
const number = (min: number, max: number) => {
  const error = `must be a number from ${min} to ${max}`;
  return z.coerce.number({ error }).min(min, { error }).max(max, { error });
};

const whole = (min: number, max: number) =>
  number(min, max).refine(Number.isInteger, { error: `must be a whole number from ${min} to ${max}` });

/** A fraction, turned into basis points. */
const fraction = (min: number, max: number) =>
  number(min, max).transform((value, context): Bps => {
    try {
      return bpsFromFraction(value);
    } catch (error) {
      const message = `must be a fraction from ${min} to ${max}: ${error instanceof Error ? error.message : error}`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
  });

/** A decimal in units of a token, kept as text: how many base units it is depends on the mint. */
const decimal = z.coerce
  .string()
  .regex(/^\d{1,12}(\.\d{1,9})?$/, "must be a decimal number from 0 to 999999999999, of at most 9 decimals");

/** More Solana RPCs get every transaction too, one request each: the fifth would reach no leader that four did not. */
const BROADCAST_ENDPOINTS_MAX = 4;

/** Addresses, separated by commas; of an empty text none. */
const addresses = z
  .string()
  .transform((text) => (text === "" ? [] : text.split(",")))
  .refine(
    (parts) => parts.length <= BROADCAST_ENDPOINTS_MAX && parts.every((part) => z.url().safeParse(part).success),
    `must be at most ${BROADCAST_ENDPOINTS_MAX} addresses of Solana RPCs, such as https://rpc.example,https://rpc.other`,
  );

/** In cents, which every quote currency counts. */
const cents = z.coerce
  .string()
  .regex(/^\d{1,6}(\.\d{1,2})?$/, "must be a decimal number from 0 to 999999, of at most 2 decimals");

const Schema = z.strictObject({
  jupiter: z.strictObject({
    /** Of the Solana RPC. */
    rpcEndpoint: z.url({ error: "must be the address of a Solana RPC, such as https://rpc.example" }),
    /** Of more Solana RPCs: what is sent goes to them, too. */
    broadcastEndpoints: addresses.prefault(""),
    /** An entry is refused above this fraction. Exits are not bound by it. */
    maxPriceImpact: fraction(0, 0.5).prefault(0.01),
    /** SOL that an entry must leave in the wallet for fees and rent. */
    minSolBalance: decimal.prefault("0.1"),
    /** The version of the swap API. v1 is what the promised client library speaks; v2 supersedes it. */
    api: z.enum(["v1", "v2"], { error: "must be v1 or v2" }).prefault("v1"),
    /** Whether a transaction asserts on chain, by Lighthouse, what it must have come to. */
    assertions: z.enum(["off", "lighthouse"], { error: "must be off or lighthouse" }).prefault("off"),
  }),
  position: z.strictObject({
    /** Notional in the quote currency. */
    maxPositionSize: decimal.prefault("1000"),
    minPositionSize: decimal.prefault("10"),
    /** Seats of an account in a market. Above 100 the search for a free one stops being cheap. */
    maxPositionsPerSymbol: whole(1, 100).prefault(3),
    /** Notional of all entries of an account that are signed in one UTC day, in the quote currency. */
    maxDailySize: decimal.prefault("10000"),
  }),
  stopLoss: z.strictObject({
    /** Fractions of the price. */
    minDistance: fraction(0.0001, 0.99).prefault(0.01),
    maxDistance: fraction(0.0001, 0.99).prefault(0.2),
    defaultTrailingDistance: fraction(0.0001, 0.99).prefault(0.03),
  }),
  exits: z.strictObject({
    /** What an exit accepts is at most this fraction worse than the last accepted price, while that is fresh. */
    floor: fraction(0.01, 0.95).prefault(0.5),
    /** Quote currency. An exit without a route is halved, but not below this. */
    smallestPart: cents.prefault("10"),
    /** Quote currency. What is worth no more than this is left when no route takes it. */
    dust: cents.prefault("0.1"),
  }),
  evaluator: z.strictObject({
    /** Between two looks at the market. Below half a second a tick would overlap its own price request. */
    tickSeconds: number(0.5, 30).prefault(2),
  }),
});

type Values = z.output<typeof Schema>;

export interface Config {
  readonly jupiter: Readonly<{
    rpcEndpoint: string;
    /** The first one is asked, and all of them get what is sent. */
    rpcEndpoints: readonly [string, ...string[]];
    maxPriceImpactBps: Bps;
    minSolBalance: string;
    api: Values["jupiter"]["api"];
    assertions: Values["jupiter"]["assertions"];
  }>;
  readonly position: Readonly<Values["position"]>;
  readonly stopLoss: Readonly<{ minDistanceBps: Bps; maxDistanceBps: Bps; defaultTrailingDistanceBps: Bps }>;
  readonly exits: Readonly<{ floorBps: Bps; smallestPart: string; dust: string }>;
  readonly evaluator: Readonly<{ tickMs: number }>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `stopLoss`, `minDistance` → `BACKSTOP_STOP_LOSS_MIN_DISTANCE`. */
const variable = (...path: readonly string[]): string =>
  ["BACKSTOP", ...path.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())].join("_");

/**
 * @throws Error naming the variable, its value and what is wrong with it.
 */
export function configFrom(environment: Environment): Config {
  const raw = Object.fromEntries(
    Object.entries(Schema.shape).map(([section, schema]) => [
      section,
      Object.fromEntries(
        Object.keys(schema.shape).flatMap((key) => {
          const value = environment[variable(section, key)];
          return value === undefined ? [] : [[key, value]];
        }),
      ),
    ]),
  );
  const parsed = Schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = variable(...(issue?.path.map(String) ?? []));
    throw new Error(`${name}=${environment[name] ?? ""}: ${issue?.message}`);
  }
  const { jupiter, position, stopLoss, exits, evaluator } = parsed.data;
  if (Number(position.minPositionSize) > Number(position.maxPositionSize)) {
    throw outOfOrder(environment, "position", "minPositionSize", "maxPositionSize");
  }
  if (Number(position.maxPositionSize) > Number(position.maxDailySize)) {
    throw outOfOrder(environment, "position", "maxPositionSize", "maxDailySize");
  }
  if (Number(exits.dust) > Number(exits.smallestPart)) {
    throw outOfOrder(environment, "exits", "dust", "smallestPart");
  }
  if (stopLoss.minDistance > stopLoss.maxDistance) {
    throw outOfOrder(environment, "stopLoss", "minDistance", "maxDistance");
  }
  return {
    jupiter: {
      rpcEndpoint: jupiter.rpcEndpoint,
      rpcEndpoints: [jupiter.rpcEndpoint, ...jupiter.broadcastEndpoints],
      maxPriceImpactBps: jupiter.maxPriceImpact,
      minSolBalance: jupiter.minSolBalance,
      api: jupiter.api,
      assertions: jupiter.assertions,
    },
    position,
    stopLoss: {
      minDistanceBps: stopLoss.minDistance,
      maxDistanceBps: stopLoss.maxDistance,
      defaultTrailingDistanceBps: stopLoss.defaultTrailingDistance,
    },
    exits: { floorBps: exits.floor, smallestPart: exits.smallestPart, dust: exits.dust },
    evaluator: { tickMs: evaluator.tickSeconds * 1000 },
  };
}

function outOfOrder(environment: Environment, section: string, low: string, high: string): Error {
  const name = variable(section, low);
  return new Error(`${name}=${environment[name] ?? ""}: must be at most ${variable(section, high)}, which is lower`);
}

/** @throws Error naming a variable that is not set. */
export function requireVariable(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
