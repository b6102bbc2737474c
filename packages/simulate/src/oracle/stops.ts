/**
 * Watches the true prices beside the rows: a stop that they are beyond must fire in time, and one that fires must have cause.
 *
 * The mark of a row is at most a step behind the one that is watched, so a level by the row is never above the one that
 * counts: what is beyond it is beyond both.
 */
import { isDeepStrictEqual } from "node:util";
import { price as priceOf } from "@backstop/core/money/price";
import { positionOf } from "@backstop/core/position/position.row";
import { type ArmedStop, isHit } from "@backstop/core/stop/stop";
import { armedStop, type Claim, type Fired } from "@backstop/core/stop/stop.store";
import type { MemoryDatabase, PositionRow } from "@backstop/core/testing/memory/database";
import { CONFIG } from "../engine/functions.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Fault, Weather } from "../kernel/weather.ts";
import type { Market } from "../world/market.ts";
import type { Violations } from "./violations.ts";

export interface StopsDeps {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly markets: readonly Market[];
  readonly db: MemoryDatabase;
  readonly violations: Violations;
}

/**
 * How long the true price may be beyond a stop before it fires. In bad weather an evaluator dies every minute or two and its
 * successor comes with the next one; when all is calm the next minute brings one that stays.
 */
export const BOUND_MS = { bad: 360_000, calm: 90_000 } as const;

/** From the first try to claim what fired to the last: an evaluator that dies meanwhile is followed within a minute or two. */
const CLAIM_BOUND_MS = 240_000;

const REDIS_FAULTS: readonly Fault[] = ["redisTimeout", "redisReplyLost", "redisStale", "redisFlush"];

const EVERY_MS = CONFIG.evaluator.tickMs;

interface Wanted {
  readonly armed: ArmedStop;
  readonly since: number;
  /** How often something had gone wrong with Redis by then. */
  readonly redisFaults: number;
}

interface Crossed {
  readonly version: number;
  readonly since: number;
}

export class Stops {
  readonly #deps: StopsDeps;
  readonly #crossed = new Map<number, Crossed>();
  /** When the true price came to the stop of a position for the last time. */
  readonly crossings = new Map<number, { readonly at: number; readonly isCalm: boolean }>();
  /** What an evaluator has asked for, and not got so far. */
  readonly #wanted = new Map<string, Wanted>();
  /** Of what is being asked for, what is armed. */
  readonly #armed = new Set<string>();
  #calmSince: number | null = null;

  constructor(deps: StopsDeps) {
    this.#deps = deps;
  }

  watch(isOver: () => boolean): void {
    const { timeline, weather } = this.#deps;
    if (isOver()) return;
    if (weather.isCalm) this.#calmSince ??= timeline.now;
    for (const row of this.#live()) this.#look(row);
    for (const wanted of this.#wanted.values()) this.#lookAtWanted(wanted);
    timeline.after(EVERY_MS, () => this.watch(isOver));
  }

  /** An evaluator has seen these fire, and begins to claim them. */
  want(fired: readonly Fired[]): void {
    for (const { armed } of fired) {
      const key = keyOf(armed);
      if (this.#armedNow(armed) && !this.#wanted.has(key)) {
        this.#wanted.set(key, { armed, since: this.#deps.timeline.now, redisFaults: this.#redisFaults() });
      }
    }
  }

  /** The statement that claims them comes next. */
  claim(fired: readonly Fired[]): void {
    const { violations } = this.#deps;
    this.#armed.clear();
    for (const { armed, acceptedPrice } of fired) {
      const key = keyOf(armed);
      if (isDeepStrictEqual(this.#armedNow(armed)?.stop, armed.stop)) this.#armed.add(key);
      if (!isHit(armed, acceptedPrice)) violations.add("firedForNothing", `${key} at ${acceptedPrice}`);
      if (!this.#wasTold(armed, acceptedPrice))
        violations.add("firedForNothing", `${key}: nobody told ${acceptedPrice}`);
    }
  }

  /** What became of it: no rule fires but the one that is armed. */
  claimed(claims: readonly Claim[]): void {
    const { timeline, weather } = this.#deps;
    for (const { armed, claimed } of claims) {
      const key = keyOf(armed);
      // Beyond it for less than anybody looked: what came to it before, and went back, is another story.
      const isNew = claimed && !this.#crossed.has(armed.positionId);
      if (isNew) this.crossings.set(armed.positionId, { at: timeline.now, isCalm: weather.isCalm });
      if (claimed && !this.#armed.has(key)) this.#deps.violations.add("firedForNothing", `${key} was not armed`);
    }
  }

  /** Whether the true price is beyond the stop of some position now. */
  isAnyHit(): boolean {
    return this.#live().some((row) => this.#hit(row) !== null);
  }

  /** The market has been down, up and down again: what is open has no stop that would not have fired. */
  judgeMet(): void {
    for (const row of this.#live()) {
      const armed = armedStop(positionOf(row));
      if (armed && row.status === "open") this.#deps.violations.add("stopMissed", `${keyOf(armed)}: never met`);
    }
  }

  #live(): readonly PositionRow[] {
    const { positions } = this.#deps.db;
    return [...positions.ascending("live", "open"), ...positions.ascending("live", "closing")];
  }

  #hit(row: PositionRow): ArmedStop | null {
    const armed = armedStop(positionOf(row));
    return armed && isHit(armed, priceOf(this.#priceOf(armed.symbol))) ? armed : null;
  }

  #look(row: PositionRow): void {
    const { timeline, weather, violations } = this.#deps;
    const armed = this.#hit(row);
    if (!armed) {
      this.#crossed.delete(row.positionId);
      return;
    }
    const { positionId, version } = armed;
    const known = this.#crossed.get(positionId);
    if (known?.version !== version) {
      this.#crossed.set(positionId, { version, since: timeline.now });
      this.crossings.set(positionId, { at: timeline.now, isCalm: weather.isCalm });
      return;
    }
    const since = Math.max(known.since, this.#calmSince ?? 0);
    const bound = weather.isCalm ? BOUND_MS.calm : BOUND_MS.bad;
    if (timeline.now - since > bound) violations.add("stopMissed", `position ${positionId}, version ${version}`);
  }

  /** Redis keeps what fired until its claim is answered, so that it may be lost with Redis and with nothing else. */
  #lookAtWanted({ armed, since, redisFaults }: Wanted): void {
    const { timeline, violations } = this.#deps;
    if (this.#armedNow(armed)) {
      if (timeline.now - since < CLAIM_BOUND_MS) return;
      if (redisFaults === this.#redisFaults()) violations.add("claimForgotten", keyOf(armed));
    }
    this.#wanted.delete(keyOf(armed));
  }

  #redisFaults(): number {
    return REDIS_FAULTS.reduce((sum, fault) => sum + (this.#deps.weather.counts.get(fault) ?? 0), 0);
  }

  /** The rule as it is armed, if that version of it still is. */
  #armedNow({ positionId, version }: ArmedStop): ArmedStop | null {
    const row = this.#deps.db.positions.get(positionId);
    const armed = row ? armedStop(positionOf(row)) : null;
    return armed?.version === version ? armed : null;
  }

  #priceOf(symbol: string): number {
    return this.#deps.markets.find(({ pair }) => pair.symbol === symbol)?.price(this.#deps.timeline.now) ?? Number.NaN;
  }

  #wasTold({ symbol }: ArmedStop, accepted: number): boolean {
    const market = this.#deps.markets.find(({ pair }) => pair.symbol === symbol);
    return market?.wasTold(accepted) ?? false;
  }
}

const keyOf = ({ positionId, version }: ArmedStop): string => `position ${positionId}, version ${version}`;
