import { sql } from "drizzle-orm";
import { bigint, check, index, integer, jsonb, pgTable, smallint, text, uniqueIndex } from "drizzle-orm/pg-core";
import { amount, instant, neverNegative, oneOf } from "../db/columns.ts";
import type { FailureKind } from "../jupiter/program-error.ts";
import { position } from "../position/position.sql.ts";
import { ATTEMPT_STATUSES, type AttemptStatus, UNFINISHED_ATTEMPTS } from "./attempt.ts";
import { trade } from "./trade.sql.ts";
import type { TradeKind } from "./trade.ts";

export const attempt = pgTable(
  "attempt",
  {
    attemptId: text().primaryKey(),
    tradeId: text()
      .notNull()
      .references(() => trade.tradeId),
    positionId: integer()
      .notNull()
      .references(() => position.positionId),
    kind: text().$type<TradeKind>().notNull(),
    number: integer().notNull(),
    follows: text().unique(),
    status: text().$type<AttemptStatus>().notNull(),
    /** The unsigned message, base64. */
    message: text().notNull(),
    blockhash: text().notNull(),
    lastValidBlockHeight: bigint({ mode: "bigint" }).notNull(),
    slippageBps: smallint().notNull(),
    quotedOut: amount().notNull(),
    minimumOut: amount().notNull(),
    /** Labels of the exchanges that its swap goes through. */
    route: jsonb().$type<readonly string[]>().notNull().default([]),
    signature: text().unique(),
    fillIn: amount(),
    fillOut: amount(),
    feeLamports: amount(),
    tipLamports: amount(),
    rentLamports: amount(),
    feeQuote: amount(),
    slot: bigint({ mode: "bigint" }),
    /** Why it came to nothing: as the chain or whoever refused it tells it, and what that means for the next one. */
    error: text(),
    cause: text().$type<FailureKind>(),
    draftedAt: instant().notNull(),
    signedAt: instant(),
    landedAt: instant(),
    endedAt: instant(),
  },
  (table) => [
    uniqueIndex("attempt_one_unfinished_per_trade").on(table.tradeId).where(oneOf(table.status, UNFINISHED_ATTEMPTS)),
    uniqueIndex("attempt_one_unfinished_exit_per_position")
      .on(table.positionId)
      .where(sql`${table.kind} = 'exit' and ${oneOf(table.status, UNFINISHED_ATTEMPTS)}`),
    uniqueIndex("attempt_number").on(table.tradeId, table.number),
    index("attempt_position").on(table.positionId),
    index("attempt_expired")
      .on(table.endedAt)
      .where(oneOf(table.status, ["expired"])),
    check("attempt_status", oneOf(table.status, ATTEMPT_STATUSES)),
    check("attempt_first_follows_none", sql`(${table.number} = 1) = (${table.follows} is null)`),
    check("attempt_signed", sql`${table.signature} is not null or ${oneOf(table.status, ["drafted", "abandoned"])}`),
    neverNegative(
      "attempt_amounts",
      table.quotedOut,
      table.minimumOut,
      table.fillIn,
      table.fillOut,
      table.feeLamports,
      table.tipLamports,
      table.rentLamports,
      table.feeQuote,
    ),
  ],
);
