import { sql } from "drizzle-orm";
import { check, index, integer, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { account } from "../account/account.sql.ts";
import { amount, instant, oneOf } from "../db/columns.ts";
import type { Side } from "../market/market.ts";
import { position } from "../position/position.sql.ts";
import { TRADE_STATUSES, type TradeFailure, type TradeKind, type TradeStatus, UNFINISHED_TRADES } from "./trade.ts";

export const trade = pgTable(
  "trade",
  {
    /** An exit's is derived from position, trigger and part, so that planning it again collides. */
    tradeId: text().primaryKey(),
    accountId: text()
      .notNull()
      .references(() => account.accountId),
    positionId: integer()
      .notNull()
      .references(() => position.positionId),
    symbol: text().notNull(),
    kind: text().$type<TradeKind>().notNull(),
    side: text().$type<Side>().notNull(),
    status: text().$type<TradeStatus>().notNull(),
    inputMint: text().notNull(),
    outputMint: text().notNull(),
    amountIn: amount().notNull(),
    minimumOut: amount(),
    /** How many were drafted: whoever decides on what it has seen of them names the number. */
    attempts: integer().notNull().default(0),
    /** The caller's key, unique for ever, and the digest of the body it came with. */
    idempotencyKey: text(),
    requestDigest: text(),
    failure: jsonb().$type<TradeFailure>(),
    /** What has kept it from its next attempt, since its last one; how often; and until when nobody tries again. */
    setback: jsonb().$type<TradeFailure>(),
    setbacks: integer().notNull().default(0),
    retryAt: instant(),
    /** Until then somebody is making its next attempt. */
    turnUntil: instant(),
    /** When `reconcile` looks at it next: whoever set it has a message on the way that comes then. */
    lookAt: instant(),
    /** The exit whose place it took, and how often that one was tried. */
    replaces: text(),
    triesBefore: integer().notNull().default(0),
    plannedAt: instant().notNull(),
    submittedAt: instant(),
    confirmedAt: instant(),
    finalizedAt: instant(),
    endedAt: instant(),
  },
  (table) => [
    uniqueIndex("trade_idempotency_key").on(table.accountId, table.idempotencyKey),
    uniqueIndex("trade_entry").on(table.positionId).where(sql`${table.kind} = 'entry'`),
    index("trade_position").on(table.positionId),
    index("trade_unfinished").on(table.plannedAt).where(oneOf(table.status, UNFINISHED_TRADES)),
    check("trade_amount_positive", sql`${table.amountIn} > 0`),
    check("trade_status", oneOf(table.status, TRADE_STATUSES)),
  ],
);
