/** What a person or a test does to the outside world, and where the engine says that it is. */
import { Hono } from "hono";
import * as z from "zod";
import type { EventArchive } from "./aws/event-archive.ts";
import type { World } from "./chain/world.ts";
import { type Server, startServer } from "./listen.ts";
import type { Stage } from "./venue/reference.ts";

const Engine = z.strictObject({ runtimeUrl: z.url() });
const Story = z.strictObject({ symbol: z.string(), side: z.enum(["buy", "sell"]) });
const Stages = z.strictObject({ stage: z.enum(["waiting", "telling", "over"]) });

export function startControl(
  world: World,
  register: (runtimeUrl: string) => void,
  archive: EventArchive,
  faults: Hono,
): Promise<Server> {
  const app = new Hono();
  app.route("/faults", faults);
  app.put("/engine", async (context) => {
    register(Engine.parse(await context.req.json()).runtimeUrl);
    return context.body(null, 204);
  });
  app.post("/story", async (context) => {
    const { symbol, side } = Story.parse(await context.req.json());
    world.beginStory(symbol, side);
    return context.body(null, 204);
  });
  app.get("/story", (context) => context.json({ stage: world.stageOf(context.req.query("symbol") ?? "") }));
  app.get("/events", (context) => context.json(archive.received()));
  app.onError((error, context) => context.json({ message: error.message }, 400));
  return startServer(app);
}

/** Lets the market of `symbol` tell its story, to a position of `side`. */
export async function beginStory(controlUrl: string, symbol: string, side: string): Promise<void> {
  const { ok } = await fetch(`${controlUrl}/story`, { method: "POST", body: JSON.stringify({ symbol, side }) });
  if (!ok) throw new Error(`the market ${symbol} has no story to tell`);
}

export async function stageOf(controlUrl: string, symbol: string): Promise<Stage> {
  const response = await fetch(`${controlUrl}/story?${new URLSearchParams({ symbol })}`);
  return Stages.parse(await response.json()).stage;
}
