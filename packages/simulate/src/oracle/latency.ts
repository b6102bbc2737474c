/** Of the positions that a stop closed: from the true price at it until the chain had the last exit. */
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import type { Chain } from "../world/chain.ts";
import type { Stops } from "./stops.ts";
import type { Violations } from "./violations.ts";

export interface LatencyDeps {
  readonly db: MemoryDatabase;
  readonly chain: Chain;
  readonly stops: Stops;
}

export interface Latency {
  readonly positionId: number;
  /** Whether all was calm by then. */
  readonly isCalm: boolean;
  readonly milliseconds: number;
}

/** When all is calm a stop fires within 90 s, if its evaluator has just died; its exit needs some seconds. */
const CALM_BOUND_MS = 120_000;

export function latenciesOf({ db, chain, stops }: LatencyDeps): readonly Latency[] {
  return [...db.triggers.values()].flatMap(({ positionId }) => {
    const crossed = stops.crossings.get(positionId);
    const exits = [...db.trades.ascending("position", positionId)].filter(({ kind }) => kind === "exit");
    const landed = exits
      .flatMap(({ tradeId }) => [...db.attempts.ascending("trade", tradeId)])
      .flatMap(({ signature }) => (signature === null ? [] : (chain.landed(signature) ?? [])))
      .filter(({ error }) => error === null)
      .map(({ slot }) => chain.slots.beginOf(slot));
    const last = Math.max(...landed);
    if (crossed === undefined || last < crossed.at) return [];
    return [{ positionId, isCalm: crossed.isCalm, milliseconds: last - crossed.at }];
  });
}

/** @param lost - Trades of which a message was: `reconcile` drives them. */
export function judgeLatencies(deps: LatencyDeps, lost: ReadonlySet<string>, violations: Violations): void {
  for (const { positionId, isCalm, milliseconds } of latenciesOf(deps)) {
    const isUndriven = [...deps.db.trades.ascending("position", positionId)].some(({ tradeId }) => lost.has(tradeId));
    if (!isCalm || isUndriven || milliseconds <= CALM_BOUND_MS) continue;
    violations.add("exitLate", `position ${positionId}: ${Math.round(milliseconds)} ms after the price was there`);
  }
}
