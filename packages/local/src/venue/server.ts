// The venue's door: Jupiter's swap v1 and v2 (`/build`) and price v3 over HTTP.

import { Hono } from "hono";
import type { Chain } from "../chain/chain.ts";
import { type Front, type Server, startServer } from "../listen.ts";
import { SWAP_PROGRAM } from "../swap-program/route.ts";
import { build, readBuildRequest } from "./build.ts";
import { Plan } from "./plan.ts";
import { POOL_LABELS, type Pool } from "./pool.ts";
import { PRICE_IDS_MAX, prices } from "./price.ts";
import { quote, readQuoteRequest } from "./quote.ts";
import { invalidRequest, Refusal, tooManyRequests, unauthorized, withoutCode } from "./refusal.ts";
import { readSwapRequest, swapInstructions } from "./swap-instructions.ts";

export interface VenueOptions {
  readonly chain: Chain;
  readonly pools: readonly Pool[];
  /** Without it every caller is welcome. */
  readonly apiKey?: string | undefined;
  /** What the caller's plan allows; without it as much as they like. */
  readonly callsPerMinute?: number | undefined;
  readonly front?: Front | undefined;
}

export function startVenue({ chain, pools, apiKey, callsPerMinute, front }: VenueOptions): Promise<Server> {
  const app = new Hono();
  const plan = new Plan(callsPerMinute);
  app.use(async (context, next) => {
    context.header("x-api-gateway-request-id", crypto.randomUUID());
    if (apiKey !== undefined && context.req.header("x-api-key") !== apiKey) throw unauthorized();
    const { admitted, headers } = plan.admit(Date.now());
    if (admitted) await next();
    if (admitted && context.res.status !== 200) return;
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    if (!admitted) throw tooManyRequests();
  });
  app.get("/swap/v1/quote", (context) => context.json(quote(chain, pools, readQuoteRequest(context.req.query()))));
  app.post("/swap/v1/swap-instructions", async (context) => {
    const body: unknown = await context.req.json().catch(() => {
      throw invalidRequest("The body is not JSON");
    });
    return context.json(swapInstructions(pools, readSwapRequest(body)));
  });
  app.get("/swap/v2/build", (context) => context.json(build(chain, pools, readBuildRequest(context.req.query()))));
  app.get("/swap/v1/program-id-to-label", (context) => context.json({ [SWAP_PROGRAM.toBase58()]: POOL_LABELS[0] }));
  app.get("/price/v3", (context) => {
    const ids = (context.req.query("ids") ?? "").split(",").filter((id) => id !== "");
    if (ids.length === 0) throw invalidRequest("Query parameter ids is missing");
    if (ids.length > PRICE_IDS_MAX) throw invalidRequest(`Query parameter ids has more than ${PRICE_IDS_MAX} mints`);
    return context.json(prices(chain, pools, ids));
  });
  app.onError((error, context) => {
    if (!(error instanceof Refusal)) throw error;
    const { body, status } = context.req.path.startsWith("/swap/v2/") ? withoutCode(error) : error;
    return context.json(body, status);
  });
  return startServer(app, front);
}
