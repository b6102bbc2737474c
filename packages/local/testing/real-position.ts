/** Ways through a position's life on the real engine, as far as a test needs it before its own part begins. */

import { triggerPrice } from "@backstop/core/stop/stop";
import { armedStop, type Fired } from "@backstop/core/stop/stop.store";
import { price } from "@backstop/core/testing/given";
import { exitTradeId } from "@backstop/core/trade/trade";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import type { RealEngine } from "./real-engine.ts";

/** A position whose entry's bytes are out; the entry. */
export async function entering(engine: RealEngine): Promise<TradeRecord> {
  const { body } = await engine.post("entry");
  if (body.tradeId === undefined) throw new Error(`no entry: ${JSON.stringify(body)}`);
  return engine.until(body.tradeId, ({ trade }) => trade.status === "submitted");
}

/** A position that is open; its entry. */
export async function opened(engine: RealEngine): Promise<TradeRecord> {
  const { trade } = await entering(engine);
  engine.chain.reach("confirmed");
  return engine.until(trade.tradeId, ({ position }) => position.status === "open");
}

/** Its stop, hit far below. */
export function fired({ position }: TradeRecord): Fired {
  const armed = armedStop(position);
  const stopPrice = armed && triggerPrice(armed);
  if (!armed || !stopPrice) throw new Error(`position ${position.positionId} is ${position.status}: nothing to fire`);
  const tradeId = exitTradeId(position.positionId, armed.version, 1);
  return { armed, reason: "trailing_stop", acceptedPrice: price(100), stopPrice, exitTradeId: tradeId };
}

/** A position whose stop has fired; the exit, as it was planned. */
export async function stopped(engine: RealEngine): Promise<TradeRecord> {
  const hit = fired(await opened(engine));
  await engine.queues.send("execute", hit.exitTradeId, 0);
  await engine.stores.stops.claim([hit], engine.clock.now());
  return engine.until(hit.exitTradeId, () => true);
}

/** How often something is tried again that its caller would try again: more than once is more than these tests need. */
const TRIES = 3;

/**
 * A position's whole life: it is bought, stopped and closed, and all of it is final. Its caller sends what was not answered
 * again under the same key, and its evaluator claims again; the rest is what the queues bring.
 */
export async function lived(engine: RealEngine): Promise<void> {
  const entry = await tried(async () => (await engine.post("entry")).body.tradeId);
  await engine.until(entry, ({ trade }) => trade.status !== "planned");
  engine.chain.reach("confirmed");
  const hit = fired(await engine.until(entry, ({ position }) => position.status === "open"));
  await engine.queues.send("execute", hit.exitTradeId, 0);
  await tried(() => engine.stores.stops.claim([hit], engine.clock.now()));
  await engine.until(hit.exitTradeId, ({ trade }) => trade.status !== "planned");
  engine.chain.reach("finalized");
  await engine.until(hit.exitTradeId, ({ position }) => position.status === "closed");
  await engine.until(entry, ({ trade }) => trade.status === "finalized");
}

async function tried<Value>(call: () => Promise<Value | undefined>): Promise<Value> {
  const failures: unknown[] = [];
  while (failures.length < TRIES) {
    try {
      const value = await call();
      if (value !== undefined) return value;
      failures.push("no answer");
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, "tried too often");
}
