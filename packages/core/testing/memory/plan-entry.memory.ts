/**
 * Planning an entry in memory: under the lowest free seat, and with funds that nobody else has.
 *
 * Invariant: a plan that is refused by its key has used up a number of a position, as it has in Postgres.
 */
import { uniqueViolation } from "../../src/db/error.ts";
import type { EntryPlan, Planned } from "../../src/trade/trade.store.ts";
import { committedIn } from "./committed.memory.ts";
import { joined, type MemoryDatabase, type PositionRow } from "./database.ts";
import { json, NEW_TRADE } from "./judged.memory.ts";

export function planEntryIn(db: MemoryDatabase, plan: EntryPlan): Planned {
  const { accountId, inputMint, outputMint, funds, amountIn } = plan;
  const frozen = [inputMint, outputMint].find((mint) => db.shortages.get(joined(accountId, mint))?.frozenAt);
  if (frozen !== undefined) return { outcome: "frozen", mint: frozen };
  const free = funds.balance - committedIn(db, accountId, inputMint, funds.at);
  if (free < amountIn) return { outcome: "no_funds", free };
  const seat = freeSeat(db, plan);
  if (seat === null) return { outcome: "no_seat" };
  try {
    db.statement(() => insert(db, plan, seat));
    return { outcome: "planned" };
  } catch (error) {
    if (uniqueViolation(error) === "trade_idempotency_key") return { outcome: "key_taken" };
    throw error;
  }
}

function freeSeat(db: MemoryDatabase, { accountId, symbol, maxPositionsPerSymbol }: EntryPlan): number | null {
  for (let seat = 1; seat <= maxPositionsPerSymbol; seat++)
    if (!db.positions.find("position_seat", joined(accountId, symbol, seat))) return seat;
  return null;
}

function insert(db: MemoryDatabase, plan: EntryPlan, seat: number): void {
  const positionId = db.nextPositionId();
  const { tradeId, accountId, symbol, side, inputMint, outputMint, amountIn, minimumOut, size, at } = plan;
  db.positions.insert({
    ...NEW_POSITION,
    positionId,
    accountId,
    symbol,
    side,
    seat,
    size,
    stop: json(plan.stop),
    createdAt: at,
  });
  const { idempotencyKey, requestDigest } = plan;
  const legs = { side, inputMint, outputMint, amountIn, minimumOut };
  const asked = { idempotencyKey, requestDigest, plannedAt: at };
  db.trades.insert({ ...NEW_TRADE, tradeId, accountId, positionId, symbol, kind: "entry", ...legs, ...asked });
}

const NEW_POSITION = {
  status: "opening",
  entryIn: 0n,
  entryOut: 0n,
  exitIn: 0n,
  exitOut: 0n,
  missing: 0n,
  dust: 0n,
  exiting: 0n,
  inDoubt: false,
  feesLamports: 0n,
  rentLamports: 0n,
  feesQuote: 0n,
  version: 1,
  entryPrice: null,
  highWaterMark: null,
  partial: false,
  closeReason: null,
  eventSequence: 0,
  openedAt: null,
  closedAt: null,
} as const satisfies Partial<PositionRow>;
