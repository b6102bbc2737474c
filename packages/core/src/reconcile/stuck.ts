/**
 * Does every trade that is not over still move?
 *
 * Invariants:
 * - whatever has become of its messages, an unfinished trade is driven again, by its next look or by the schedule;
 * - it has one look ahead of it, however many messages name it: who asks for the next one has claimed it.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Queues } from "../queue/queue.ts";
import { LATER_SECONDS } from "./queue.ts";
import type { ReconcileStore } from "./reconcile.store.ts";

export interface StuckDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly looks: Pick<ReconcileStore, "unlooked" | "takeLook">;
  readonly queues: Queues;
}

/** Older than a trade that went well, and than the first message that looks at it. */
const STUCK_AFTER_MS = 180_000;

/** A message may come this much before its time by the clock of another function. */
const EARLY_MS = 60_000;

/** So many trades are driven side by side: a burst that neither the queue nor Postgres notices. */
const PAGE = 50;

/** More than all seats of a large account; what is left over has its place at the next run, since who was looked at comes last. */
const PAGES_MAX = 20;

/**
 * Both queues get it: which of them it waits for is told by its rows, to whoever receives the message. A look that was
 * claimed and not queued is overdue when its time has come, and the schedule finds it.
 *
 * @throws when it could not be queued.
 */
export async function driveAgain({ clock, looks, queues }: StuckDeps, tradeId: string): Promise<void> {
  await queues.send("execute", tradeId, 0);
  await queues.send("confirm", tradeId, 0);
  const now = clock.now();
  const at = new Date(now.getTime() + LATER_SECONDS * 1000);
  if (await looks.takeLook(tradeId, new Date(now.getTime() + EARLY_MS), at))
    await queues.send("reconcile", tradeId, LATER_SECONDS);
}

/** Drives what is old and has no look ahead of it. @throws when they could not be read. */
export async function driveStuck(deps: StuckDeps): Promise<void> {
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const now = deps.clock.now();
    const tradeIds = await deps.looks.unlooked(new Date(now.getTime() - STUCK_AFTER_MS), now, PAGE);
    const driven = await Promise.all(tradeIds.map((tradeId) => drive(deps, tradeId)));
    // What cannot be driven stays first in the list: the next page would be the same one.
    if (tradeIds.length < PAGE || driven.includes(false)) return;
  }
  deps.log.info("stuck_not_all_driven", { driven: PAGES_MAX * PAGE });
}

async function drive(deps: StuckDeps, tradeId: string): Promise<boolean> {
  try {
    await driveAgain(deps, tradeId);
    return true;
  } catch (error) {
    deps.log.error("trade_not_driven", error, { tradeId });
    return false;
  }
}
