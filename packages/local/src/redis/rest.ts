/**
 * Upstash's REST protocol over a Redis connection: a command as a JSON array or as a path, several as a pipeline or as a
 * transaction. Answers are JSON, their strings in base64 if the client asks for it. The commands of a request go to
 * Redis in one write over one connection, so that those of another never come between them.
 */
import { type Context, Hono } from "hono";
import type { Redis } from "ioredis";
import * as z from "zod";

const Argument = z.json().transform((value) => (typeof value === "string" ? value : JSON.stringify(value)));
const Command = z.tuple([Argument], Argument);
type Command = z.infer<typeof Command>;
type Reply = Error | Buffer | number | null | Reply[];

/** What needs a connection of one's own, or the server's administrator; each request shares one connection here. */
const unavailable = new Set([
  ..."AUTH CLIENT HELLO QUIT RESET SELECT MULTI EXEC DISCARD WATCH UNWATCH WAIT WAITAOF MONITOR".split(" "),
  ..."SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE".split(" "),
  ..."BLPOP BRPOP BLMOVE BLMPOP BRPOPLPUSH BZPOPMIN BZPOPMAX BZMPOP".split(" "),
  ..."CONFIG DEBUG SHUTDOWN".split(" "),
]);

export function upstashRest(redis: Redis, token: string): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    if (c.req.header("authorization") === `Bearer ${token}`) return next();
    return c.json({ error: "WRONGPASS invalid or missing auth token" }, 401);
  });

  app.post("/pipeline", async (c) => {
    const commands = await body(c, z.array(Command).min(1));
    if (!commands) return c.json({ error: "ERR failed to parse pipeline request" }, 400);
    const allowed = commands.filter((command) => !refusal(command));
    const replies = (await send(redis, allowed)).values();
    return c.json(commands.map((command) => item(c, refusal(command) ?? replies.next().value ?? null)));
  });

  app.post("/multi-exec", async (c) => {
    const commands = await body(c, z.array(Command).min(1));
    if (!commands) return c.json({ error: "ERR failed to parse pipeline request" }, 400);
    const refused = commands.map(refusal).find((error) => error !== undefined);
    if (refused) return c.json(item(c, refused), 400);
    const replies = await send(redis, [["MULTI"], ...commands, ["EXEC"]]);
    const results = replies.at(-1);
    // EXEC only says that something was wrong before it; the command's own error says what.
    if (!Array.isArray(results)) return c.json(item(c, replies.find((reply) => reply instanceof Error) ?? null), 400);
    return c.json(results.map((reply) => item(c, reply)));
  });

  app.post("/", async (c) => run(c, await body(c, Command)));

  app.all("*", async (c) => {
    const { pathname, searchParams } = new URL(c.req.url);
    const path = pathname.slice(1).split("/").map(decodeURIComponent);
    const value = await c.req.text();
    const options = [...searchParams].flat().filter((word) => word !== "");
    return run(c, Command.safeParse([...path, ...(value === "" ? [] : [value]), ...options]).data);
  });

  app.onError((error, c) => c.json({ error: `ERR ${error.message}` }, error instanceof URIError ? 400 : 500));

  async function run(c: Context, command: Command | undefined): Promise<Response> {
    if (!command) return c.json({ error: "ERR failed to parse command" }, 400);
    const reply = refusal(command) ?? (await send(redis, [command]))[0] ?? null;
    return c.json(item(c, reply), reply instanceof Error ? 400 : 200);
  }

  return app;
}

async function body<T>(c: Context, schema: z.ZodType<T>): Promise<T | undefined> {
  const json: unknown = await c.req.json().catch(() => undefined);
  return schema.safeParse(json).data;
}

function refusal([name]: Command): Error | undefined {
  if (!unavailable.has(name.toUpperCase())) return undefined;
  return new Error(
    `ERR Command is not available: '${name}'. See https://upstash.com/docs/redis/overall/rediscompatibility for details`,
  );
}

async function send(redis: Redis, commands: Command[]): Promise<Reply[]> {
  const pipeline = redis.pipeline();
  // In upper case, because the client reshapes the answers of commands that it knows by their lower-case names.
  for (const [name, ...args] of commands) pipeline.callBuffer(name.toUpperCase(), ...args);
  const replies = await pipeline.exec();
  return (replies ?? []).map(([error, reply]) => error ?? (reply as Reply));
}

function item(c: Context, reply: Reply): { error: string } | { result: unknown } {
  if (reply instanceof Error) return { error: reply.message };
  const isOk = Buffer.isBuffer(reply) && reply.toString() === "OK"; // by itself never encoded
  return { result: encode(reply, c.req.header("upstash-encoding") === "base64" && !isOk ? "base64" : "utf8") };
}

function encode(reply: Reply, encoding: "base64" | "utf8"): unknown {
  if (Array.isArray(reply)) return reply.map((element) => encode(element, encoding));
  if (reply instanceof Error) return Buffer.from(reply.message).toString(encoding);
  return Buffer.isBuffer(reply) ? reply.toString(encoding) : reply;
}
