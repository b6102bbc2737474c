import { sql } from "drizzle-orm";
import { bigint, check, index, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { account } from "../account/account.sql.ts";
import { amount, instant, neverNegative, oneOf } from "../db/columns.ts";
import {
  TRANSFER_KINDS,
  TRANSFER_STATUSES,
  type TransferKind,
  type TransferStatus,
  UNFINISHED_TRANSFERS,
} from "./transfer.ts";

export const transfer = pgTable(
  "transfer",
  {
    transferId: text().primaryKey(),
    accountId: text()
      .notNull()
      .references(() => account.accountId),
    kind: text().$type<TransferKind>().notNull(),
    mint: text(),
    amount: amount().notNull(),
    destination: text(),
    requestedBy: text().notNull(),
    authorization: text(),
    status: text().$type<TransferStatus>().notNull(),
    /** The unsigned message, base64. */
    message: text(),
    blockhash: text(),
    lastValidBlockHeight: bigint({ mode: "bigint" }),
    signature: text().unique(),
    feeLamports: amount(),
    /** Of the wallet itself, with its sign. */
    lamportsChange: bigint({ mode: "bigint" }),
    slot: bigint({ mode: "bigint" }),
    /** Why it came to nothing, as the chain or whoever refused it tells it. */
    error: text(),
    plannedAt: instant().notNull(),
    draftedAt: instant(),
    signedAt: instant(),
    endedAt: instant(),
  },
  (table) => [
    uniqueIndex("transfer_one_unfinished_per_account")
      .on(table.accountId)
      .where(oneOf(table.status, UNFINISHED_TRANSFERS)),
    index("transfer_account").on(table.accountId, table.plannedAt),
    check("transfer_kind", oneOf(table.kind, TRANSFER_KINDS)),
    check("transfer_status", oneOf(table.status, TRANSFER_STATUSES)),
    check(
      "transfer_signed",
      sql`(${table.signature} is null) = (${oneOf(table.status, ["planned", "drafted", "refused"])})`,
    ),
    check("transfer_withdraws_to_somebody", sql`(${table.kind} = 'withdraw') = (${table.destination} is not null)`),
    check("transfer_amount_positive", sql`${table.amount} > 0`),
    neverNegative("transfer_fee", table.feeLamports),
  ],
);
