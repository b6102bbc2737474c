/**
 * What is signed, at the moment when it is: the swap that its trade says, to our own account, for no less than the floor.
 *
 * The floor is known from the true price: the one that was told may be a minute old, and off by a third.
 */
import { swapIn } from "@backstop/core/testing/fake-swap";
import { marketOf } from "@backstop/core/market/market";
import { price } from "@backstop/core/money/price";
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import { floorOf, offOf } from "@backstop/core/trade/floor";
import { CONFIG } from "../engine/functions.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Market } from "../world/market.ts";
import type { Violations } from "./violations.ts";

export interface IntentsDeps {
  readonly timeline: Timeline;
  readonly db: MemoryDatabase;
  readonly markets: readonly Market[];
  readonly violations: Violations;
}

/** A price is accepted for a minute, from an answer that may be some seconds old; and off by a third now and then. */
const TOLD_MS = 70_000;
const STEP_MS = 1_000;
const OFF = 2 / 3;

export function judgeSigned({ timeline, db, markets, violations }: IntentsDeps, attemptId: string): void {
  const { tradeId, message, minimumOut } = db.attempts.named(attemptId);
  const { symbol, kind, side, inputMint, outputMint, amountIn } = db.trades.named(tradeId);
  const swap = swapIn(Buffer.from(message, "base64"));
  const isMeant =
    swap.isOurs &&
    swap.inputMint === inputMint &&
    swap.outputMint === outputMint &&
    swap.amountIn === amountIn &&
    swap.minimumOut === minimumOut;
  if (!isMeant) violations.add("unsafeSigned", `${attemptId} does what its trade does not say`);
  const market = markets.find(({ pair }) => pair.symbol === symbol);
  if (!market) return;
  const told = Array.from({ length: TOLD_MS / STEP_MS + 1 }, (_, ago) =>
    market.price(Math.max(0, timeline.now - ago * STEP_MS)),
  );
  const worst = side === "sell" ? Math.min(...told) * OFF : Math.max(...told) / OFF;
  const floor = floorOf(amountIn, side, price(worst), offOf(kind, CONFIG), marketOf([market.pair], symbol));
  if (swap.minimumOut < floor) {
    violations.add("unsafeSigned", `${attemptId} accepts ${swap.minimumOut}: the floor is ${floor}`);
  }
}
