/**
 * Judges each position at the moment it is closed: what its exits moved must be final on the chain by then.
 */
import type { MemoryDatabase, PositionRow } from "@backstop/core/testing/memory/database";
import type { Chain } from "../world/chain.ts";
import type { Violations } from "./violations.ts";

export interface ClosingsDeps {
  readonly db: MemoryDatabase;
  readonly chain: Chain;
  readonly violations: Violations;
}

export class Closings {
  readonly #deps: ClosingsDeps;
  readonly #judged = new Set<number>();

  constructor(deps: ClosingsDeps) {
    this.#deps = deps;
  }

  /** After a statement that touched the position. */
  look(row: PositionRow): void {
    if (row.status !== "closed" || this.#judged.has(row.positionId)) return;
    this.#judged.add(row.positionId);
    const { db, chain, violations } = this.#deps;
    for (const trade of db.trades.ascending("position", row.positionId)) {
      for (const attempt of db.attempts.ascending("trade", trade.tradeId)) {
        if (attempt.fillIn === null || attempt.signature === null) continue;
        const landed = chain.landed(attempt.signature);
        if (!landed || !chain.isFinal(landed)) {
          violations.add("closedBeforeFinal", `position ${row.positionId}: ${attempt.attemptId} is not final`);
        }
      }
    }
  }
}
