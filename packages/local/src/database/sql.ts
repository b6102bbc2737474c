/**
 * Neon's SQL over HTTP: one query, or several as one transaction, per request. Values go out as PostgreSQL's own text,
 * which the client parses; queries run by the extended protocol, so each is a single statement (42601 otherwise).
 */
import { Hono } from "hono";
import pg from "pg";
import * as z from "zod";
import { credentials } from "./login.ts";

const Query = z.object({
  query: z.string(),
  params: z.array(z.unknown()).default([]),
  arrayMode: z.boolean().optional(),
});
const Request = z.union([z.object({ queries: z.array(Query) }), Query]);

const isolationLevels = new Map([
  ["ReadUncommitted", "read uncommitted"],
  ["ReadCommitted", "read committed"],
  ["RepeatableRead", "repeatable read"],
  ["Serializable", "serializable"],
]);

/** What NeonDbError carries besides the message. */
const errorFields = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

const asText = { getTypeParser: () => (value: string | Buffer) => value };

export function sqlOverHttp(pool: pg.Pool): Hono {
  const app = new Hono();

  app.post("/sql", async (c) => {
    const refusal = refuse(c.req.header("neon-connection-string"));
    if (refusal) return c.json({ message: refusal }, 400);
    const request = Request.parse(await c.req.json());
    const arrayMode = c.req.header("neon-array-mode") === "true";
    if (!("queries" in request)) return c.json(await run(pool, request, arrayMode));

    const isolation = c.req.header("neon-batch-isolation-level") ?? "ReadCommitted";
    const level = isolationLevels.get(isolation);
    if (!level) return c.json({ message: `invalid isolation level '${isolation}'` }, 400);
    const readOnly = c.req.header("neon-batch-read-only") === "true";
    const deferrable = c.req.header("neon-batch-deferrable") === "true";
    const begin = `begin isolation level ${level}${readOnly ? " read only" : ""}${deferrable ? " deferrable" : ""}`;
    const results = await transaction(pool, begin, async (client) => {
      const answers = [];
      for (const query of request.queries) answers.push(await run(client, query, arrayMode));
      return answers;
    });
    return c.json({ results });
  });

  app.onError((error, c) => {
    if (error instanceof pg.DatabaseError) {
      const fields = errorFields.map((field) => [field, error[field] ?? null]);
      return c.json({ message: error.message, ...Object.fromEntries(fields) }, 400);
    }
    const malformed = error instanceof SyntaxError || error instanceof z.ZodError;
    return c.json({ message: error.message }, malformed ? 400 : 500);
  });

  return app;
}

function refuse(connectionString = ""): string | undefined {
  if (!URL.canParse(connectionString)) return "missing or invalid Neon-Connection-String";
  const { username, password } = new URL(connectionString);
  if (username === credentials.user && password === credentials.password) return undefined;
  return `password authentication failed for user '${username}'`;
}

async function run(
  on: pg.Pool | pg.PoolClient,
  { query, params, arrayMode }: z.infer<typeof Query>,
  byDefault: boolean,
) {
  const rowAsArray = arrayMode ?? byDefault;
  const config = { text: query, values: params, types: asText, queryMode: "extended" };
  const result = await (rowAsArray ? on.query({ ...config, rowMode: "array" }) : on.query(config));
  const { command, rowCount, rows, fields } = result;
  return { command, rowCount, rows, fields, rowAsArray };
}

async function transaction<T>(pool: pg.Pool, begin: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot even roll back is dropped, and its transaction with it.
    await client.query("rollback").then(
      () => client.release(),
      () => client.release(true),
    );
    throw error;
  }
}
