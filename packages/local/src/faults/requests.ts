/**
 * What befalls a request on its way to a service and back.
 *
 * Invariants: without a fault for the service a request passes untouched; a request that was held before the work is worked
 * on when it is let go, also when nobody waits for its reply any more: it had arrived.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Front, Serve } from "../listen.ts";
import { refusal } from "./refusal.ts";
import type { HttpFault, Service } from "./schema.ts";
import type { Standing } from "./standing.ts";
import type { StandingFaults } from "./standing-faults.ts";

export const frontOf =
  (faults: StandingFaults, service: Service): Front =>
  (serve) =>
  (request, bindings) =>
    faults.threaten(service) ? pass(faults, service, serve, request, bindings) : serve(request, bindings);

async function pass(
  faults: StandingFaults,
  service: Service,
  serve: Serve,
  request: Request,
  bindings: HttpBindings,
): Promise<Response> {
  const { method, url, headers } = request;
  // Read as a whole, so that it can be looked into, and is there when its sender is gone.
  const body = method === "GET" || method === "HEAD" ? null : await request.text();
  const { pathname, search } = new URL(url);
  const standing = faults.befallRequest(service, `${method} ${pathname}${search}\n${body ?? ""}`);
  const work = async () => serve(new Request(url, { method, headers, body }), bindings);
  return standing ? befall(standing, service, work, bindings) : work();
}

async function befall(
  standing: Standing<HttpFault>,
  service: Service,
  work: () => Promise<Response>,
  { outgoing }: HttpBindings,
): Promise<Response> {
  const { fault } = standing;
  const cut = (): Response => {
    outgoing.destroy();
    return RESPONSE_ALREADY_SENT;
  };
  switch (fault.action) {
    case "status":
      return refusal(service, fault);
    case "cut":
      return cut();
    case "lost_reply":
      await work();
      return cut();
    case "timeout": {
      const abandoned = new AbortController();
      outgoing.once("close", () => abandoned.abort());
      await standing.hold(abandoned.signal);
      return cut();
    }
    case "hold": {
      const reply = await work();
      await standing.hold();
      return reply;
    }
    case "hold_request":
      await standing.hold();
      return work();
    case "delay":
      await sleep(fault.ms);
      return work();
    default:
      return fault satisfies never;
  }
}
