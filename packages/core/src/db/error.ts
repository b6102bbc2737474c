/** What Postgres said: Drizzle wraps the driver's error for single queries and not for others, so both are looked at. */
import { DrizzleQueryError } from "drizzle-orm";

interface DatabaseErrorFields {
  readonly code?: string;
  readonly constraint?: string;
}

/** The name of the unique index or constraint that refused the statement, or null when it failed otherwise. */
export function uniqueViolation(error: unknown): string | null {
  const { code, constraint } = fieldsOf(error);
  return code === "23505" ? (constraint ?? "") : null;
}

/** SQLSTATE classes of a server that cannot be reached, has no room, or is going away. */
const AWAY = /^(08|53|57P)/;

/** Whether Postgres did not answer, or answered that it is away: what became of the statement is unknown. */
export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isOurs = error.name === "NeonDbError" || error instanceof DrizzleQueryError;
  const { code } = fieldsOf(error);
  return isOurs && (code === undefined || AWAY.test(code));
}

function fieldsOf(error: unknown): DatabaseErrorFields {
  if (typeof error !== "object" || error === null) return {};
  if ("code" in error && typeof error.code === "string") return error as DatabaseErrorFields;
  return "cause" in error ? fieldsOf(error.cause) : {};
}

/** A column that the row's status promises. @throws TypeError when it is null: the row contradicts itself. */
export function required<Value>(value: Value | null, column: string, id: string | number): Value {
  if (value === null) throw new TypeError(`${column} of ${id} is null where its status needs it`);
  return value;
}
