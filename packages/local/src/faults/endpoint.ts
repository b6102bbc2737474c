/** The control endpoint of everything that can go wrong: docs/local-faults.md is about it. */
import { Hono } from "hono";
import type * as z from "zod";
import { type Outside, perform } from "./acts.ts";
import { Fault } from "./schema.ts";
import type { StandingFaults } from "./standing-faults.ts";

export function faultsEndpoint(faults: StandingFaults, outside: Outside): Hono {
  const app = new Hono();

  app.get("/", (context) => context.json(faults.list()));

  app.post("/", async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    if (body === undefined) return context.json({ message: "the body is not JSON" }, 400);
    const parsed = Fault.safeParse(body);
    if (!parsed.success) return context.json({ message: wordsOf(parsed.error) }, 400);
    const fault = parsed.data;
    switch (fault.kind) {
      case "http":
      case "transactions":
      case "lag":
        return context.json({ id: faults.set(fault).id }, 201);
      default:
        return context.json(perform(fault, outside));
    }
  });

  app.delete("/", (context) => {
    faults.clear();
    outside.network.calm();
    for (const { symbol } of outside.world.pools) outside.world.refill(symbol);
    return context.body(null, 204);
  });

  app.delete("/:id", (context) => {
    const told = faults.remove(context.req.param("id"));
    return told ? context.json(told) : context.json({ message: `there is no fault ${context.req.param("id")}` }, 404);
  });

  app.onError((error, context) => context.json({ message: error.message }, 400));
  return app;
}

/** One line, for whoever reads it in a shell. */
const wordsOf = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`)).join("; ");
