/** The schemas accept what the code writes and nothing else, and docs/events.md says what they say. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fill, position, SOL_USDC, trade, units } from "../../testing/given.ts";
import type { Position } from "../position/position.ts";
import * as Trades from "../trade/events.ts";
import { ALARMS, alarmRaised } from "./alarm.ts";
import { type NewEvent, parseEvent } from "./event.ts";
import { EVENTS } from "./schema.ts";

const DOCS = new URL("../../../../docs/events.md", import.meta.url);

/** As a row comes back from Postgres. */
const rowOf = ({ name, payload }: { readonly name: string; readonly payload: unknown }) => ({
  name,
  payload: JSON.parse(JSON.stringify(payload)),
  eventId: "evt_1_1",
  sequence: 1n,
  positionId: 1,
  positionSequence: 1,
  at: new Date(0),
});

const opened = { entryIn: units(100_000_000), entryOut: units(665_000_000) };
const withTotals = (each: Position, over: object): Position => ({ ...each, totals: { ...each.totals, ...over } });
const closed = withTotals(position("closed"), { ...opened, exitIn: units(665_000_000), exitOut: units(99_000_000) });
const sent = { attemptId: "trd_1.1", signature: "5TuZsgX3" };
const open = withTotals(position("open"), opened);

const written: readonly NewEvent[] = [
  Trades.tradeExecuted(trade("submitted"), sent),
  Trades.tradeConfirmed(trade("submitted", { kind: "exit", side: "sell" }), sent, fill()),
  Trades.tradeFailed(trade("planned"), { code: "NETWORK_ERROR", message: "it could not be sent" }),
  Trades.positionOpened(open, open.totals, SOL_USDC),
  Trades.positionUpdated(open, open.totals, "open"),
  Trades.positionClosed(closed, "trailing_stop", SOL_USDC),
  Trades.positionClosed(withTotals(closed, { feesQuote: null }), "trailing_stop", SOL_USDC),
  alarmRaised(trade("submitted"), "LATE_LANDING", "it landed"),
  alarmRaised({ ...open, tradeId: null }, "MINT_FROZEN", "1 is missing"),
];

describe("an event", () => {
  test.each(written)("that the code writes is one: $name", (event) => {
    expect(parseEvent(rowOf(event))).toMatchObject(event);
  });

  const [, confirmed = expect.unreachable()] = written;
  const [opening = expect.unreachable()] = written.filter((event) => event.name === "position_opened");

  test.each([
    ["an amount that is a number", confirmed, { amountIn: 1 }],
    ["an amount with a point", confirmed, { amountIn: "1.5" }],
    ["an amount below zero", confirmed, { amountIn: "-1" }],
    ["an amount with a leading zero", confirmed, { amountIn: "01" }],
    ["a price with an exponent", opening, { entryPrice: "1e-7" }],
    ["a price that is none", opening, { entryPrice: "NaN" }],
    ["a side that is none", confirmed, { side: "long" }],
    ["a field that is not described", confirmed, { wallet: "x" }],
    ["a field that is missing", confirmed, { signature: undefined }],
    ["an alarm that is none", alarmRaised(trade("submitted"), "LATE_LANDING", ""), { code: "FIRE" }],
  ])("is none with %s", (_, event, over) => {
    expect(() => parseEvent(rowOf({ ...event, payload: { ...event.payload, ...over } }))).toThrow();
  });

  test.each(["trade_planned", "toString"])("is none with the name %s", (name) => {
    expect(() => parseEvent(rowOf({ name, payload: {} }))).toThrow(`there is no event ${name}`);
  });
});

describe("docs/events.md", () => {
  const page = readFileSync(DOCS, "utf8");

  test("has a section for each event, in their order, equal to its schema", () => {
    const sections = page.slice(page.indexOf("\n### ") + 1).trimEnd();
    expect(sections).toBe(Object.entries(EVENTS).map(sectionOf).join("\n\n"));
  });

  test("has the alarms, in their order, as they are meant", () => {
    const [, table = ""] = page.split("| Code | Means |\n|---|---|\n");
    const rows = Object.entries(ALARMS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
    expect(table.slice(0, table.indexOf("\n\n"))).toBe(rows.join("\n"));
  });
});

function sectionOf([name, { version, told, payload }]: [string, (typeof EVENTS)[keyof typeof EVENTS]]): string {
  const rows = Object.entries(payload.shape).map(([field, schema]) => {
    const { title, description } = schema.meta() ?? {};
    return `| \`${field}\` | ${title} | ${description} |`;
  });
  return [
    `### ${name}`,
    "",
    `Version ${version}. ${told}`,
    "",
    "| Field | Form | Means |",
    "|---|---|---|",
    ...rows,
  ].join("\n");
}
