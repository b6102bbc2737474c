/** What Postgres said: Drizzle wraps the driver's error for single queries and not for others, so both are looked at. */
interface DatabaseErrorFields {
  readonly code?: string;
  readonly constraint?: string;
}

/** The name of the unique index or constraint that refused the statement, or null when it failed otherwise. */
export function uniqueViolation(error: unknown): string | null {
  const { code, constraint } = fieldsOf(error);
  return code === "23505" ? (constraint ?? "") : null;
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
