/**
 * What was said to be missing where nothing can be: nobody moved the wallet by hand, and no block was lost.
 *
 * An exit that says so of one node's newest answer is not judged: the node may follow a fork that nobody else does.
 */
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import type { Weather } from "../kernel/weather.ts";
import type { Violations } from "./violations.ts";

const SHORT: readonly unknown[] = ["MINT_FROZEN", "CLOSED_EXTERNALLY", "REDUCED_EXTERNALLY"];

export function judgeShortages(db: MemoryDatabase, { counts }: Pick<Weather, "counts">, violations: Violations): void {
  if (counts.has("walletMoved") || counts.has("fork")) return;
  for (const { name, positionId, payload } of db.outbox.values()) {
    const { code } = payload as { readonly code?: unknown };
    if (name === "alarm_raised" && SHORT.includes(code)) {
      violations.add("shortageInvented", `position ${positionId}: ${String(code)}`);
    }
  }
}
