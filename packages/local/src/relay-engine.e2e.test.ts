/** Trades through the whole stack: what a rule on the bus got, as the control endpoint shows it, is the outbox. */
import { connect } from "@backstop/core/db/client";
import { detailOf } from "@backstop/core/event/bus";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clock } from "../../../functions/system.ts";
import { apiAt } from "./api.ts";
import type { BusEvent } from "./aws/event-entry.ts";
import { boot, type LocalRun } from "./boot.ts";

let local: LocalRun;
beforeAll(async () => {
  local = await boot({ seed: "relay", port: 0, tickSeconds: 0.5 });
});
afterAll(() => local.stop());

const value = (name: string): string => local.environment[name] ?? "";

/** Each event once: two relays may have overlapped. */
async function received(): Promise<readonly BusEvent[]> {
  const response = await fetch(`${value("BACKSTOP_LOCAL_CONTROL_URL")}/events`);
  const events = (await response.json()) as readonly BusEvent[];
  const ids = events.map((event) => event.detail["eventId"]);
  return events.filter((_, index) => ids.indexOf(ids[index]) === index);
}

test("the events of two trades reach the bus, each position's in its order, without a gap", async () => {
  const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
  const api = apiAt(local.url, value("BACKSTOP_API_KEY"));
  const entry = { symbol: "SOL/USDC", side: "buy", size: "25", stop: { kind: "trailing" } };
  const trades = await Promise.all([api.trade(entry, "first"), api.trade(entry, "second")]);

  const opened = async () => (await received()).filter((event) => event["detail-type"] === "position_opened");
  // Two blocks, a look of the confirming queue, and a second until the next relay.
  await expect.poll(async () => (await opened()).length, { timeout: 20_000 }).toBe(2);

  const told = (await received()).map(({ "detail-type": name, detail }) => ({ name, ...detail }));
  const written = (await outboxStore(db).after(0n, 1_000)).map((event) => ({ name: event.name, ...detailOf(event) }));
  for (const { positionId } of trades) {
    const of = (events: readonly object[]) =>
      events.filter((event) => "positionId" in event && event.positionId === positionId);
    expect(of(told).slice(0, 3)).toEqual(of(written).slice(0, 3));
    expect(of(told).slice(0, 3)).toMatchObject([
      { name: "trade_executed", positionSequence: 1 },
      { name: "trade_confirmed", positionSequence: 2 },
      { name: "position_opened", positionSequence: 3 },
    ]);
  }
});
