/**
 * An attempt: one transaction of a trade, recorded before it is signed and signed before it is sent.
 *
 * Invariants:
 * - a trade has at most one unfinished attempt, and a position at most one among its exits (unique indexes hold both);
 * - signed is live: once a signature is stored the transaction may land until it is proven that it cannot;
 * - the next attempt names the one it follows.
 */
import type { FailureKind } from "../jupiter/program-error.ts";
import type { Amount } from "../money/amount.ts";
import type { Bps } from "../money/bps.ts";
import { type Move, move } from "../transition.ts";

export const ATTEMPT_STATUSES = ["drafted", "abandoned", "live", "landed", "final", "errored", "expired"] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** What the chain says an attempt moved. */
export interface Fill {
  readonly amountIn: Amount;
  readonly amountOut: Amount;
  /** Network and priority fee. */
  readonly feeLamports: Amount;
  /** What else left the wallet in lamports, to whomever; like the fee it does not come back. */
  readonly tipLamports: Amount;
  /** Paid for accounts this transaction opened; comes back when they are closed, so it is no fee. */
  readonly rentLamports: Amount;
  readonly slot: bigint;
}

/** Why an attempt came to nothing, and what that means for the next one. */
export interface Failing {
  /** As the chain, or whoever refused it, tells it. */
  readonly error: string;
  readonly cause: FailureKind;
}

/** A transaction that landed and did nothing, but for the fee that it cost. */
export interface OnChainError extends Failing {
  readonly feeLamports: Amount;
}

interface AttemptFacts {
  readonly attemptId: string;
  readonly tradeId: string;
  readonly positionId: number;
  readonly number: number;
  readonly follows: string | null;
  /** The unsigned message, base64. What is signed and sent is this and nothing else. */
  readonly message: string;
  readonly blockhash: string;
  readonly lastValidBlockHeight: bigint;
  readonly slippageBps: Bps;
  readonly quotedOut: Amount;
  readonly minimumOut: Amount;
  /** Labels of the exchanges that its swap goes through. */
  readonly route: readonly string[];
  readonly draftedAt: Date;
}

interface Signed {
  /** Base58; the transaction's name on chain. */
  readonly signature: string;
  readonly signedAt: Date;
}
interface Landed extends Signed {
  readonly fill: Fill;
  readonly landedAt: Date;
}

export type Attempt = AttemptFacts &
  (
    | { readonly status: "drafted" }
    | { readonly status: "abandoned"; readonly refusal: Failing | null }
    | ({ readonly status: "live" } & Signed)
    | ({ readonly status: "landed" } & Landed)
    | ({ readonly status: "final"; readonly endedAt: Date } & Landed)
    | ({ readonly status: "errored"; readonly endedAt: Date } & OnChainError & Signed)
    | ({ readonly status: "expired"; readonly endedAt: Date } & Signed)
  );

export type AttemptEvent =
  | { readonly type: "sign"; readonly at: Date; readonly signature: string }
  /** `refusal`: null: whoever drafted it never came back. */
  | { readonly type: "abandon"; readonly refusal: Failing | null }
  | { readonly type: "land"; readonly at: Date; readonly fill: Fill }
  | { readonly type: "finalize"; readonly at: Date }
  | { readonly type: "fork" }
  | { readonly type: "late"; readonly at: Date; readonly fill: Fill }
  | ({ readonly type: "error"; readonly at: Date } & OnChainError)
  | { readonly type: "expire"; readonly at: Date };

export const ATTEMPT_MOVES = {
  sign: { from: ["drafted"], to: "live" },
  abandon: { from: ["drafted"], to: "abandoned" }, // refused, or never signed
  land: { from: ["live", "expired"], to: "landed" }, // from expired: should not happen, booked and alarmed
  finalize: { from: ["landed"], to: "final" },
  fork: { from: ["landed"], to: "live" }, // its block was forked away: it may land again
  late: { from: ["expired"], to: "final" }, // the same, at finalized, and its trade has ended or gone on without it
  error: { from: ["live", "expired"], to: "errored" }, // landed with an error, at finalized
  expire: { from: ["live"], to: "expired" }, // proven unable to land
} as const satisfies Record<AttemptEvent["type"], Move<AttemptStatus>>;

/** The statuses in which no other attempt of the same trade may exist. */
export const UNFINISHED_ATTEMPTS = ["drafted", "live", "landed"] as const satisfies readonly AttemptStatus[];

/** Not unfinished any more, and the swap did not happen: another attempt may follow. */
export const DEAD_ATTEMPTS = ["abandoned", "errored", "expired"] as const satisfies readonly AttemptStatus[];

/** @throws IllegalTransition when the event does not belong to the attempt's status. */
export function transition(attempt: Attempt, event: AttemptEvent): Attempt {
  move<AttemptStatus, AttemptEvent["type"]>(`attempt ${attempt.attemptId}`, ATTEMPT_MOVES, attempt.status, event.type);
  const facts = factsOf(attempt);
  switch (event.type) {
    case "sign":
      return { ...facts, status: "live", signature: event.signature, signedAt: event.at };
    case "abandon":
      return { ...facts, status: "abandoned", refusal: event.refusal };
    case "land":
      return { ...facts, ...signedOf(attempt), status: "landed", fill: event.fill, landedAt: event.at };
    case "finalize":
      return { ...facts, ...landedOf(attempt), status: "final", endedAt: event.at };
    case "fork":
      return { ...facts, ...signedOf(attempt), status: "live" };
    case "late":
      return {
        ...facts,
        ...signedOf(attempt),
        status: "final",
        fill: event.fill,
        landedAt: event.at,
        endedAt: event.at,
      };
    case "error":
      return {
        ...facts,
        ...signedOf(attempt),
        status: "errored",
        endedAt: event.at,
        error: event.error,
        cause: event.cause,
        feeLamports: event.feeLamports,
      };
    case "expire":
      return { ...facts, ...signedOf(attempt), status: "expired", endedAt: event.at };
    default:
      return event satisfies never;
  }
}

function factsOf(attempt: Attempt): AttemptFacts {
  return {
    attemptId: attempt.attemptId,
    tradeId: attempt.tradeId,
    positionId: attempt.positionId,
    number: attempt.number,
    follows: attempt.follows,
    message: attempt.message,
    blockhash: attempt.blockhash,
    lastValidBlockHeight: attempt.lastValidBlockHeight,
    slippageBps: attempt.slippageBps,
    quotedOut: attempt.quotedOut,
    minimumOut: attempt.minimumOut,
    route: attempt.route,
    draftedAt: attempt.draftedAt,
  };
}

function signedOf(attempt: Attempt): Signed {
  if (!("signature" in attempt)) throw new TypeError(`attempt ${attempt.attemptId} is ${attempt.status}: not signed`);
  return { signature: attempt.signature, signedAt: attempt.signedAt };
}

function landedOf(attempt: Attempt): Landed {
  if (!("fill" in attempt)) throw new TypeError(`attempt ${attempt.attemptId} is ${attempt.status}: not landed`);
  return { ...signedOf(attempt), fill: attempt.fill, landedAt: attempt.landedAt };
}

/** The id of the `number`th attempt of a trade: making the same one twice collides. */
export const attemptIdOf = (tradeId: string, number: number): string => `${tradeId}.${number}`;

/**
 * How many times the trade has been tried: what could have landed, and what was held back because the price had moved. The
 * rest was refused for reasons that say nothing about the price.
 */
export const triesOf = (triesBefore: number, attempts: readonly Attempt[]): number =>
  triesBefore + attempts.filter((each) => each.status !== "abandoned" || each.refusal?.cause === "slippage").length;

/** The attempt that matters: the one that is not over, if there is one; a late landing may be of an earlier one than the last. */
export const currentOf = (attempts: readonly Attempt[]): Attempt | undefined =>
  attempts.find(({ status }) => UNFINISHED_ATTEMPTS.some((unfinished) => unfinished === status)) ?? attempts.at(-1);

/** What landed was charged for, whether it did what it was meant to or not. */
export function feeOf(attempt: Attempt): bigint | null {
  if ("fill" in attempt) return attempt.fill.feeLamports;
  return attempt.status === "errored" ? attempt.feeLamports : null;
}

/** How long a route is not asked for after its transaction was refused: a route that is not safe now hardly is in a minute. */
const QUARANTINE_MS = 600_000;

/** Labels of the exchanges of which a transaction of the trade was not signed for what it did: no route goes through them now. */
export const quarantinedIn = (attempts: readonly Attempt[], now: Date): readonly string[] => [
  ...new Set(
    attempts.flatMap((attempt) => {
      const isUnsafe = attempt.status === "abandoned" && attempt.refusal?.cause === "unsafe";
      return isUnsafe && now.getTime() - attempt.draftedAt.getTime() < QUARANTINE_MS ? attempt.route : [];
    }),
  ),
];
