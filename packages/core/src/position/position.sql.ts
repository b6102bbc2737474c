import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { account } from "../account/account.sql.ts";
import { amount, instant, neverNegative, oneOf } from "../db/columns.ts";
import { market } from "../market/market.sql.ts";
import type { Side } from "../market/market.ts";
import type { CloseReason, Stop } from "../stop/stop.ts";
import { LIVE_POSITIONS, POSITION_STATUSES, type PositionStatus } from "./position.ts";

export const position = pgTable(
  "position",
  {
    positionId: integer().primaryKey().generatedAlwaysAsIdentity(),
    accountId: text()
      .notNull()
      .references(() => account.accountId),
    symbol: text()
      .notNull()
      .references(() => market.symbol),
    side: text().$type<Side>().notNull(),
    status: text().$type<PositionStatus>().notNull(),
    /** One of the places 1 … maxPositionsPerSymbol of the account in the market. */
    seat: smallint().notNull(),
    size: amount().notNull(),
    entryIn: amount().notNull().default(sql`0`),
    entryOut: amount().notNull().default(sql`0`),
    exitIn: amount().notNull().default(sql`0`),
    exitOut: amount().notNull().default(sql`0`),
    /** Of what entered: not in the wallet when an exit looked for it; and what was left there, too little for any route. */
    missing: amount().notNull().default(sql`0`),
    dust: amount().notNull().default(sql`0`),
    /** Of what is held, how much is meant for exits that are planned and not booked. */
    exiting: amount().notNull().default(sql`0`),
    /** Its entry is not where it was booked: nothing more leaves until it is known what became of it. */
    inDoubt: boolean().notNull().default(false),
    feesLamports: amount().notNull().default(sql`0`),
    rentLamports: amount().notNull().default(sql`0`),
    /** Null: the value of some fee is not known. */
    feesQuote: amount().default(sql`0`),
    stop: jsonb().$type<Stop>(),
    /** Of the rule: what an update and a claim must name. */
    version: integer().notNull().default(1),
    entryPrice: doublePrecision(),
    highWaterMark: doublePrecision(),
    /** Only a part is being closed. */
    partial: boolean().notNull().default(false),
    closeReason: text().$type<CloseReason>(),
    /** Of the position's events; grows by one with each. */
    eventSequence: integer().notNull().default(0),
    createdAt: instant().notNull(),
    openedAt: instant(),
    closedAt: instant(),
  },
  (table) => [
    uniqueIndex("position_seat")
      .on(table.accountId, table.symbol, table.seat)
      .where(oneOf(table.status, LIVE_POSITIONS)),
    index("position_live").on(table.status).where(oneOf(table.status, LIVE_POSITIONS)),
    check("position_status", oneOf(table.status, POSITION_STATUSES)),
    check("position_seat_positive", sql`${table.seat} >= 1`),
    check("position_exit_within_entry", sql`${table.exitIn} + ${table.missing} + ${table.dust} <= ${table.entryOut}`),
    neverNegative(
      "position_amounts",
      table.size,
      table.entryIn,
      table.entryOut,
      table.exitIn,
      table.exitOut,
      table.missing,
      table.dust,
      table.exiting,
      table.feesLamports,
      table.rentLamports,
      table.feesQuote,
    ),
  ],
);
