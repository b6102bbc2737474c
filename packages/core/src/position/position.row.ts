/** Rows of position, read as the union they stand for. A row that contradicts its status is a bug, and throws. */
import { required } from "../db/error.ts";
import { amount } from "../money/amount.ts";
import { price } from "../money/price.ts";
import type { position } from "./position.sql.ts";
import type { Position } from "./position.ts";

export function positionOf(row: typeof position.$inferSelect): Position {
  const need = <Value>(value: Value | null, column: string): Value =>
    required(value, column, `position ${row.positionId}`);
  const facts = {
    positionId: row.positionId,
    accountId: row.accountId,
    symbol: row.symbol,
    side: row.side,
    size: amount(row.size),
    totals: {
      entryIn: amount(row.entryIn),
      entryOut: amount(row.entryOut),
      exitIn: amount(row.exitIn),
      exitOut: amount(row.exitOut),
      missing: amount(row.missing),
      dust: amount(row.dust),
      feesLamports: amount(row.feesLamports),
      rentLamports: amount(row.rentLamports),
      feesQuote: row.feesQuote === null ? null : amount(row.feesQuote),
    },
    exiting: amount(row.exiting),
    inDoubt: row.inDoubt,
    stop: row.stop,
    version: row.version,
    createdAt: row.createdAt,
  };
  const opened =
    row.openedAt && row.entryPrice && row.highWaterMark
      ? { openedAt: row.openedAt, entryPrice: price(row.entryPrice), highWaterMark: price(row.highWaterMark) }
      : null;
  switch (row.status) {
    case "opening":
      return { ...facts, status: row.status };
    case "open":
      return { ...facts, ...need(opened, "opened_at"), status: row.status };
    case "closing":
      return {
        ...facts,
        ...opened,
        status: row.status,
        closeReason: need(row.closeReason, "close_reason"),
        partial: row.partial,
      };
    case "closed":
      return {
        ...facts,
        ...opened,
        status: row.status,
        closeReason: need(row.closeReason, "close_reason"),
        closedAt: need(row.closedAt, "closed_at"),
      };
    case "aborted":
      return { ...facts, status: row.status, closedAt: need(row.closedAt, "closed_at") };
    default:
      return row.status satisfies never;
  }
}
