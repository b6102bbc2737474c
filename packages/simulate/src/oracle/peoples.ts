/**
 * What only a person can settle, and was told of: an exit whose entry was forked away for good has sold what another position
 * of the mint held, so that the wallet is short of that, and the engine has no transaction of others to explain it by.
 */
import type { MemoryDatabase, PositionRow } from "@backstop/core/testing/memory/database";
import { joined } from "@backstop/core/testing/memory/database";

/** Whether the position waits for a person, who was told why: nothing is left of it that could be sold. */
export function isPeoples(db: MemoryDatabase, { positionId, accountId, symbol, status }: PositionRow): boolean {
  const entry = db.trades.find("trade_entry", positionId);
  if (!entry || status !== "closing") return false;
  const isFrozen = (db.shortages.get(joined(accountId, entry.outputMint))?.frozenAt ?? null) !== null;
  return isFrozen && wasTold(db, symbol, "EXIT_WITHOUT_ENTRY") && wasTold(db, symbol, "MINT_FROZEN");
}

const wasTold = (db: MemoryDatabase, of: string, alarm: string): boolean =>
  [...db.outbox.values()].some(({ name, payload }) => {
    const { code, symbol } = payload as { readonly code?: string; readonly symbol?: string };
    return name === "alarm_raised" && code === alarm && symbol === of;
  });
