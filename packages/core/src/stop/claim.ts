/**
 * Claiming what fired: each stop once, whoever tries, and each with a message that will drive its exit.
 *
 * Invariants: a message that drives the exit is queued before its claim is tried; a stop stays latched until its claim is
 * answered; what was changed meanwhile does not fire, and the book takes the rule that is armed now.
 */
import type { Clock } from "../clock.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Log } from "../log.ts";
import type { Queues } from "../queue/queue.ts";
import { queueReconcile } from "../reconcile/queue.ts";
import { exitTradeId } from "../trade/trade.ts";
import type { Fired, StopStore } from "./stop.store.ts";
import { reasonOf, triggerPrice } from "./stop.ts";
import type { LatchedStop, WatchStore } from "./watch.store.ts";
import type { Watching } from "./watching.ts";

export interface ClaimDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly stops: Pick<StopStore, "claim">;
  readonly store: Pick<WatchStore, "append" | "settle">;
  readonly queues: Queues;
  readonly wakeRelay: WakeRelay;
}

/** The guarding message comes after this, if the function that claimed has died: longer than a claim may take. */
const GUARD_SECONDS = 15;

/** A guarding message that is older than this might come before the claim it guards is answered: another one is sent. */
const GUARD_LIFE_MS = 10_000;

/** Claims all that is latched, in one statement; what is not answered stays latched and is tried again at the next tick. */
export async function claimFired(deps: ClaimDeps, watching: Watching): Promise<void> {
  const now = deps.clock.now();
  const fired = [...watching.latched.values()].map(firedStop);
  try {
    await Promise.all(fired.map((each) => guard(deps, watching, each, now)));
    const claims = await deps.stops.claim(fired, now);
    // Also where the claim is not ours: the answer to an earlier one may have been lost, and a message more is harmless.
    const exits = claims.filter((claim) => claim.current === null);
    await Promise.all(exits.map(({ armed }) => deps.queues.send("execute", exitOf(armed), 0)));
    if (claims.some((claim) => claim.claimed)) await deps.wakeRelay();
    for (const claim of claims) watching.settle(claim);
    // Redis loses what was judged, and gets what is armed now.
    const moved = claims.filter(({ armed, current }) => current?.version !== armed.version);
    for (const { current } of moved) if (current) await deps.store.append({ type: "arm", armed: current });
    await deps.store.settle(moved.map((claim) => claim.armed));
  } catch (error) {
    deps.log.error("claim_unanswered", error, { positions: fired.map((each) => each.armed.positionId) });
  }
}

/** Queues the message that will drive the exit if this evaluator does not live to. */
async function guard(deps: ClaimDeps, watching: Watching, { armed, exitTradeId }: Fired, now: Date): Promise<void> {
  if (!watching.needsGuard(armed.positionId, now, GUARD_LIFE_MS)) return;
  await deps.queues.send("execute", exitTradeId, GUARD_SECONDS);
  await queueReconcile(deps.queues, exitTradeId);
  watching.guarded(armed.positionId, now);
}

const exitOf = ({ positionId, version }: LatchedStop["armed"]): string => exitTradeId(positionId, version, 1);

const firedStop = ({ armed, acceptedPrice }: LatchedStop): Fired => ({
  armed,
  acceptedPrice,
  reason: reasonOf(armed.stop),
  // What fired has a level.
  stopPrice: triggerPrice(armed) ?? acceptedPrice,
  exitTradeId: exitOf(armed),
});
