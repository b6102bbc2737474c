/** What of an account's wallet is not there for new entries, and what has moved it last: as `committed.ts` sums it for SQL. */
import { QUOTED_TIMES } from "../../src/position/committed.ts";
import { MOVING_TRADES } from "../../src/trade/trade.ts";
import { SPENDING_TRANSFERS } from "../../src/transfer/transfer.ts";
import { joined, type MemoryDatabase, type PositionRow, type TransferRow, within } from "./database.ts";
import { heldBy, holds } from "./judged.memory.ts";

/** The account's positions that hold the mint, oldest first. */
export function* holdersOf(db: MemoryDatabase, accountId: string, mint: string): Generator<PositionRow> {
  for (const position of db.positions.ascending("liveOf", accountId))
    if (position.status !== "opening" && holds(db, position) === mint) yield position;
}

/** @param since - What was booked after it is counted once more, as spent: a balance of that time may not show it. */
export function committedIn(db: MemoryDatabase, accountId: string, mint: string, since: Date): bigint {
  let sum = 0n;
  for (const position of holdersOf(db, accountId, mint)) sum += heldBy(position);
  for (const trade of db.trades.ascending("unfinishedOf", accountId)) {
    const attempt = db.attempts.find("attempt_one_unfinished_per_trade", trade.tradeId);
    const isMoving = trade.kind === "entry" && within(MOVING_TRADES, trade.status);
    const isLanded = trade.kind === "exit" && trade.status === "confirmed" && attempt?.status === "landed";
    if ((isMoving || isLanded) && trade.inputMint === mint) sum += trade.amountIn;
    if (isMoving && trade.outputMint === mint && attempt?.status === "live")
      sum += attempt.quotedOut * BigInt(QUOTED_TIMES);
  }
  for (const trade of db.trades.descending("confirmed", accountId)) {
    if (trade.confirmedAt && trade.confirmedAt < since) break;
    if (trade.inputMint === mint) sum += trade.amountIn;
  }
  const unfinished = db.transfers.find("transfer_one_unfinished_per_account", accountId);
  if (unfinished && takes(unfinished, mint)) sum += unfinished.amount;
  for (const transfer of db.transfers.descending("final", accountId)) {
    if (transfer.endedAt && transfer.endedAt < since) break;
    if (takes(transfer, mint)) sum += transfer.amount;
  }
  return sum;
}

const takes = ({ kind, mint: taken }: TransferRow, mint: string): boolean =>
  within(SPENDING_TRANSFERS, kind) && taken === mint;

/** The earliest and the latest slot of which a fill of the mint is booked; null: there is none. */
export function fillSlotsIn(db: MemoryDatabase, accountId: string, mint: string) {
  const group = joined(accountId, mint);
  const end = (direction: "ascending" | "descending", isBefore: (a: bigint, b: bigint) => boolean): bigint | null => {
    const [spent] = db.attempts[direction]("slotsOfInput", group);
    const [bought] = db.attempts[direction]("slotsOfOutput", group);
    const slots = [spent?.slot ?? null, bought?.slot ?? null];
    return slots.reduce((found, slot) => (found === null || (slot !== null && isBefore(slot, found)) ? slot : found));
  };
  return { first: end("ascending", (a, b) => a < b), last: end("descending", (a, b) => a > b) };
}

/** An attempt of the account that moves the mint can still land, or be forked away. */
export function isUnfinishedIn(db: MemoryDatabase, accountId: string, mint: string): boolean {
  for (const { tradeId } of db.attempts.ascending("unfinishedOf", accountId)) {
    const { inputMint, outputMint } = db.trades.named(tradeId);
    if (inputMint === mint || outputMint === mint) return true;
  }
  return false;
}
