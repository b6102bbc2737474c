/**
 * The evaluator: one look at all markets every tick, until a successor takes over.
 *
 * Invariants:
 * - ticks never overlap, and what fired is handed to the queue, never carried out inside a tick;
 * - Postgres is touched only when something fired, a mark rose by a step, or the book is gone;
 * - a stop that fired stays latched, here and in Redis, until its claim is answered, whatever the price does meanwhile;
 * - the lease keeps two evaluators from doing the same work; that both claim the same stop once is Postgres' doing.
 */
import type { Clock } from "../clock.ts";
import { isEngineError } from "../error.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Ids } from "../id.ts";
import type { Log } from "../log.ts";
import { isSolMarket, type Market } from "../market/market.ts";
import { type AcceptedPrice, accept, mintsOf, type PriceSource } from "../price/accepted.ts";
import type { Queues } from "../queue/queue.ts";
import type { Book } from "./book.ts";
import { claimFired } from "./claim.ts";
import type { StopStore } from "./stop.store.ts";
import { triggerPrice } from "./stop.ts";
import type { WatchStore } from "./watch.store.ts";
import { Watching } from "./watching.ts";

export interface EvaluateDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly markets: readonly Market[];
  readonly prices: PriceSource;
  readonly stops: Pick<StopStore, "armed" | "claim" | "raiseMarks">;
  readonly store: WatchStore;
  readonly queues: Queues;
  readonly wakeRelay: WakeRelay;
  readonly tickMs: number;
}

/** Two and a half minutes: the Scheduler's successor comes after one, so two may be missing. */
const RUN_MS = 150_000;

/** A mark is recorded in Postgres when it has risen by this: a rebuilt book is at most so much lower, and never fires early. */
const MARK_STEP = 0.005;

/** Why an evaluator ended. */
export type Ended = "successor" | "nothing_armed" | "time";

export async function evaluateStops(deps: EvaluateDeps): Promise<Ended> {
  const owner = deps.ids.next("evl");
  const until = deps.clock.now().getTime() + RUN_MS;
  await takeLease(deps, owner);
  let watching = await Watching.load(deps);
  while (deps.clock.now().getTime() < until) {
    const began = deps.clock.now().getTime();
    const seen = await look(deps, watching);
    if (seen === "lost") {
      // Redis has lost the lease, and with it perhaps the book: both are made anew.
      await takeLease(deps, owner);
      watching = await reload(deps, watching);
    } else if (seen !== "unknown" && seen !== owner) {
      return "successor";
    }
    await watching.catchUp(deps);
    if (watching.isIdle && (await nothingCame(deps, watching, owner))) return "nothing_armed";
    await tick(deps, watching);
    await deps.clock.sleep(Math.max(0, deps.tickMs - (deps.clock.now().getTime() - began)));
  }
  return "time";
}

/** Takes in what changed, and tells who should be ticking; without an answer the book stays as it is known. */
async function look(deps: EvaluateDeps, watching: Watching): Promise<string | "lost" | "unknown"> {
  try {
    const { owner, changes, cursor } = await deps.store.look(watching.cursor);
    watching.take(changes, cursor);
    return owner ?? "lost";
  } catch (error) {
    deps.log.error("look_unanswered", error);
    return "unknown";
  }
}

/** Says that it ends, then looks once more: what was armed before it said so must not be left to nobody. */
async function nothingCame(deps: EvaluateDeps, watching: Watching, owner: string): Promise<boolean> {
  try {
    await deps.store.releaseLease(owner);
  } catch (error) {
    deps.log.error("lease_unanswered", error);
    return false;
  }
  if ((await look(deps, watching)) !== "unknown" && watching.isIdle) return true;
  await takeLease(deps, owner);
  return false;
}

/** Without an answer it goes on all the same: the lease saves work, and nothing depends on it. */
async function takeLease(deps: EvaluateDeps, owner: string): Promise<void> {
  try {
    await deps.store.takeLease(owner, deps.clock.now());
  } catch (error) {
    deps.log.error("lease_unanswered", error);
  }
}

async function reload(deps: EvaluateDeps, held: Watching): Promise<Watching> {
  try {
    return await Watching.load(deps, held);
  } catch (error) {
    deps.log.error("book_not_reloaded", error);
    return held;
  }
}

async function tick(deps: EvaluateDeps, watching: Watching): Promise<void> {
  const prices = await acceptedPrices(deps, watching.book);
  const looked = [...prices].map(([symbol, { price }]) => ({ price, ...watching.book.tick(symbol, price) }));
  const fired = looked.flatMap((each) => each.fired.map((armed) => ({ armed, acceptedPrice: each.price })));
  const unwritten = watching.note(
    looked.flatMap((each) => each.raised),
    fired,
  );
  try {
    await deps.store.latch(unwritten.latches);
    await deps.store.recordTick({ at: deps.clock.now(), prices, marks: unwritten.marks });
    watching.written(deps.clock.now());
  } catch (error) {
    deps.log.error("tick_not_recorded", error);
  }
  if (watching.latched.size > 0) await claimFired(deps, watching);
  await recordMarks(deps, watching, prices);
}

/** The markets that have stops, and SOL in USDC, in which fees are valued. An unreachable source leaves all unknown. */
async function acceptedPrices(deps: EvaluateDeps, book: Book): Promise<ReadonlyMap<string, AcceptedPrice>> {
  const symbols = book.symbols();
  const watched = deps.markets.filter((market) => symbols.has(market.symbol) || isSolMarket(market));
  const prices = new Map<string, AcceptedPrice>();
  try {
    const observations = await deps.prices.fetch(mintsOf(watched));
    const at = deps.clock.now();
    for (const market of watched) {
      const accepted = accept(market, observations, deps.prices.name, at);
      if (accepted) prices.set(market.symbol, accepted);
    }
  } catch (error) {
    if (!isEngineError(error, "NETWORK_ERROR")) throw error;
    deps.log.error("prices_unknown", error);
  }
  return prices;
}

/** Marks that moved by a step; a step that could not be recorded is tried again at the next tick. */
async function recordMarks(
  deps: EvaluateDeps,
  watching: Watching,
  prices: ReadonlyMap<string, AcceptedPrice>,
): Promise<void> {
  const steps = watching.steps(MARK_STEP, deps.clock.now()).flatMap((armed) => {
    const [stopPrice, accepted] = [triggerPrice(armed), prices.get(armed.symbol)];
    return stopPrice === null || !accepted ? [] : [{ armed, stopPrice, acceptedPrice: accepted.price }];
  });
  if (steps.length === 0) return;
  try {
    const news = await deps.stops.raiseMarks(steps, deps.clock.now());
    for (const { armed } of steps) watching.recorded(armed);
    if (news > 0) await deps.wakeRelay();
  } catch (error) {
    deps.log.error("marks_not_recorded", error, { positions: steps.map((each) => each.armed.positionId) });
  }
}
