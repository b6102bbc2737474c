/**
 * The plan's calls, shared by all functions: each asks before it goes, and tells what the answer's headers said.
 *
 * Invariants: exits go first, and may take the last call; nobody waits for longer than a stated time; whatever is not known
 * is permitted, so that losing the bookkeeping stops no exit.
 *
 * Prices come out of the same plan but are asked for without this: a tick every two seconds would cost two Redis commands
 * more. What they take is told by the headers of every other answer.
 *
 * Source: developers.jup.ag, "Rate limits" and "Responses": a sliding window; `x-ratelimit-remaining` (it may be negative),
 * `-current` and `-reset` (unix seconds, when to ask again) come with 200 and 429 only; a 429 brings no further lockout.
 */
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";
import type { TradeKind } from "../trade/trade.ts";

/** What the headers said of the window. */
export interface CallWindow {
  readonly remaining: number;
  /** Used already: with `remaining` it makes the plan's whole. */
  readonly current: number;
  readonly resetAt: Date;
}

export interface Told {
  /** Whether the call itself was refused for being one too many. */
  readonly refused: boolean;
  /** Null: the answer said nothing of it. */
  readonly window: CallWindow | null;
}

export interface RateLimit {
  /** When the next call of this priority may go; null: now, and it is counted. Never throws. */
  take(priority: TradeKind): Promise<Date | null>;
  /** What an answer told; never throws. */
  learn(told: Told): Promise<void>;
}

/**
 * How long a call waits before it is refused. Whoever opens a trade waits for the answer and would not want it at the price
 * of two seconds ago; an exit that is refused comes again by its message, at the cost of a turn of the queue.
 */
const WAIT_MAX_MS = { entry: 1_500, exit: 5_000 } as const satisfies Record<TradeKind, number>;

/** Waiting for less would only ask Redis more often. */
const WAIT_MIN_MS = 50;

/** Waits for its turn. @throws EngineError RATE_LIMITED when it would not come in time. */
export async function waitTurn(rateLimit: RateLimit, clock: Clock, priority: TradeKind): Promise<void> {
  const giveUpAt = clock.now().getTime() + WAIT_MAX_MS[priority];
  for (;;) {
    const at = await rateLimit.take(priority);
    if (!at) return;
    const now = clock.now().getTime();
    if (Math.max(at.getTime(), now + WAIT_MIN_MS) > giveUpAt) throw rateLimited(at, clock.now());
    await clock.sleep(Math.max(at.getTime() - now, WAIT_MIN_MS));
  }
}

/** After a refusal that does not say when: what the free plan takes to free a call. Also the least that is told. */
const RETRY_AFTER_SECONDS = 1;

export function rateLimited(at: Date | null, now: Date): EngineError {
  const wait = at ? Math.ceil((at.getTime() - now.getTime()) / 1_000) : 0;
  const retryAfterSeconds = String(Math.max(wait, RETRY_AFTER_SECONDS));
  const detail = `the calls that Jupiter's plan allows are used up: ask again in ${retryAfterSeconds} s`;
  return new EngineError("RATE_LIMITED", { detail, upstream: "jupiter", retryAfterSeconds });
}

/** Null: nothing to learn. */
export function toldBy(status: number, headers: Headers): Told | null {
  const refused = status === 429;
  const [remaining, current, reset] = ["remaining", "current", "reset"].map((name) => {
    const text = headers.get(`x-ratelimit-${name}`) ?? "";
    return /^-?\d{1,10}$/.test(text) ? Number(text) : null;
  });
  if (remaining == null || current == null || reset == null) return refused ? { refused, window: null } : null;
  return { refused, window: { remaining, current, resetAt: new Date(reset * 1_000) } };
}
