/** What Postgres said, told apart from its silence, as Neon's own driver and Drizzle report both. */
import { NeonDbError } from "@neondatabase/serverless";
import { DrizzleQueryError } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { isUnanswered, uniqueViolation } from "./error.ts";

const said = (code?: string, constraint?: string): NeonDbError =>
  Object.assign(new NeonDbError("no"), code && { code }, constraint && { constraint });
const asked = (cause: Error): DrizzleQueryError => new DrizzleQueryError("select 1", [], cause);

describe("a statement", () => {
  test("that was never answered is unanswered, in a batch and alone", () => {
    expect(isUnanswered(said())).toBe(true);
    expect(isUnanswered(asked(said()))).toBe(true);
    expect(isUnanswered(asked(new TypeError("fetch failed")))).toBe(true);
  });

  test("that met a server going away, or full, is unanswered too", () => {
    for (const code of ["57P01", "08006", "53300"]) expect(isUnanswered(asked(said(code)))).toBe(true);
  });

  test("that was refused is answered, and so is what is no statement", () => {
    expect(isUnanswered(asked(said("23505", "trade_pkey")))).toBe(false);
    expect(isUnanswered(said("42601"))).toBe(false);
    expect(isUnanswered(new TypeError("a bug"))).toBe(false);
  });

  test("that collided tells with what", () => {
    expect(uniqueViolation(asked(said("23505", "trade_pkey")))).toBe("trade_pkey");
    expect(uniqueViolation(asked(said("23514", "position_amounts")))).toBeNull();
  });
});
