/** Postgres as functions get it: statements that are refused, time out, or are done without an answer. */
import type { Stores } from "@backstop/core/testing/stores.given";
import type { Invocation, Line } from "../kernel/invocation.ts";
import { overNetwork } from "./ports.ts";

/** As the driver names it: without a code it says nothing of what became of the statement. */
class Unanswered extends Error {
  override readonly name = "NeonDbError";
}

/** PostgreSQL's own: it could not be told in which order this and another one happened. */
class Conflict extends Error {
  override readonly name = "NeonDbError";
  readonly code = "40001";
}

const unanswered = () => new Unanswered("Postgres did not answer");

const LINE: Line = {
  latency: [4, 40],
  before: [
    { fault: "postgresConflict", error: () => new Conflict("could not serialize access due to concurrent update") },
    { fault: "postgresTimeout", error: unanswered },
  ],
  after: [{ fault: "postgresReplyLost", error: unanswered }],
};

/** Each store as a port of an invocation. */
export type Postgres = { readonly [Name in keyof Stores]: (invocation: Invocation) => Stores[Name] };

export const postgres = (stores: Stores): Postgres =>
  Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [name, overNetwork(store, LINE)]),
  ) as unknown as Postgres;
