/** What a late landing is to its position, in each state of its trade. */
import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import type { AttemptStatus } from "../trade/attempt.ts";
import type { TradeRecord } from "../trade/trade.store.ts";
import type { TradeKind, TradeStatus } from "../trade/trade.ts";
import { lateness } from "./late.ts";

const FILL = Given.fill({ amountIn: Given.units(500), amountOut: Given.units(1) });

function record(
  kind: TradeKind,
  status: TradeStatus,
  position: Parameters<typeof Given.position>[0],
  held: number,
  others: readonly AttemptStatus[] = [],
): TradeRecord {
  const where = Given.position(position);
  return {
    trade: Given.trade(status, { kind, side: kind === "entry" ? "buy" : "sell" }),
    attempts: ["expired" as const, ...others].map((each) => Given.attempt(each)),
    position: { ...where, totals: { ...where.totals, entryIn: Given.units(1), entryOut: Given.units(held) } },
    wallet: "wallet",
  };
}

describe("a late landing", () => {
  test.each([
    ["an entry that is still wanted", record("entry", "submitted", "opening", 0), { type: "lands" }],
    ["one told to close meanwhile", record("entry", "submitted", "closing", 0), { type: "lands" }],
    ["an entry after dead attempts", record("entry", "submitted", "opening", 0, ["errored"]), { type: "lands" }],
    [
      "an entry beside a draft",
      record("entry", "submitted", "opening", 0, ["drafted"]),
      { type: "waits", holds: true },
    ],
    ["an entry that was not submitted yet", record("entry", "planned", "opening", 0), { type: "waits", holds: false }],
    [
      "an entry beside a confirmed one",
      record("entry", "confirmed", "open", 9, ["landed"]),
      { type: "waits", holds: true },
    ],
    [
      "an entry beside a final one",
      record("entry", "finalized", "open", 9, ["final"]),
      { type: "beside", counts: true },
    ],
    [
      "an entry of a closed position",
      record("entry", "finalized", "closed", 9, ["final"]),
      { type: "beside", counts: false },
    ],
    ["an entry that failed", record("entry", "failed", "aborted", 0), { type: "beside", counts: false }],
    ["an exit that is still wanted", record("exit", "submitted", "closing", 500), { type: "lands" }],
    ["an exit of more than is held", record("exit", "submitted", "closing", 499), { type: "waits", holds: false }],
    [
      "an exit beside a live one",
      record("exit", "submitted", "closing", 500, ["live"]),
      { type: "waits", holds: true },
    ],
    ["an exit that was not submitted yet", record("exit", "planned", "closing", 500), { type: "waits", holds: false }],
    ["an exit whose place was taken", record("exit", "superseded", "closing", 500), { type: "beside", counts: true }],
    [
      "an exit of a position that is open again",
      record("exit", "superseded", "open", 501),
      { type: "beside", counts: true },
    ],
    [
      "an exit whose place was taken, and whose entry was forked away",
      record("exit", "superseded", "closing", 0),
      { type: "waits", holds: false },
    ],
    [
      "an exit whose entry was forked away and failed",
      record("exit", "superseded", "aborted", 0),
      { type: "beside", counts: false },
    ],
    [
      "an exit of a closed position",
      record("exit", "finalized", "closed", 500, ["final"]),
      { type: "beside", counts: false },
    ],
  ])("of %s", (_, late, expected) => {
    expect(lateness(late, FILL)).toEqual(expected);
  });
});
