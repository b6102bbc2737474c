/** The columns that tables share: amounts as u64 in `numeric(20,0)`, instants with a time zone. */
import { sql } from "drizzle-orm";
import { type AnyPgColumn, check, numeric, timestamp } from "drizzle-orm/pg-core";

/** Base units of one mint, or lamports. */
export const amount = () => numeric({ precision: 20, scale: 0, mode: "bigint" });

export const instant = () => timestamp({ withTimezone: true, mode: "date" });

/** Amounts never go below zero, whatever the code believes. */
export const neverNegative = (name: string, ...columns: AnyPgColumn[]) =>
  check(
    name,
    sql.join(
      columns.map((column) => sql`${column} >= 0`),
      sql` and `,
    ),
  );

/** A list of literals inside a constraint, where parameters are not allowed. */
export const oneOf = (column: AnyPgColumn, values: readonly string[]) =>
  sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(", "))})`;
