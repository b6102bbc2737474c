/** Each machine takes exactly the events that its table names, and refuses the others naming state and event. */
import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import * as Position from "../position/position.ts";
import { IllegalTransition } from "../transition.ts";
import * as Attempt from "./attempt.ts";
import * as Trade from "./trade.ts";

const at = Given.AT;
const failure = { code: "NETWORK_ERROR", message: "it could not be sent" };

const tradeEvents: Record<Trade.TradeEvent["type"], Trade.TradeEvent> = {
  submit: { type: "submit", at },
  confirm: { type: "confirm", at },
  finalize: { type: "finalize", at },
  fork: { type: "fork" },
  fail: { type: "fail", at, failure },
  supersede: { type: "supersede", at },
};
const attemptEvents: Record<Attempt.AttemptEvent["type"], Attempt.AttemptEvent> = {
  sign: { type: "sign", at, signature: "sig" },
  abandon: { type: "abandon", refusal: null },
  land: { type: "land", at, fill: Given.fill() },
  finalize: { type: "finalize", at },
  fork: { type: "fork" },
  late: { type: "late", at, fill: Given.fill() },
  error: { type: "error", at, error: "6001", cause: "slippage", feeLamports: Given.units(6_000) },
  expire: { type: "expire", at },
};
const positionEvents: Record<Position.PositionEvent["type"], Position.PositionEvent> = {
  open: { type: "open", at, entryPrice: Given.price(150) },
  abort: { type: "abort", at },
  close: { type: "close", reason: "trailing_stop", partial: false },
  resume: { type: "resume" },
  finish: { type: "finish", at, reason: "trailing_stop" },
  fork: { type: "fork" },
};

function describeMachine<Status extends string, Event extends { type: string }, State extends { status: Status }>(
  name: string,
  statuses: readonly Status[],
  events: Readonly<Record<string, Event>>,
  moves: Readonly<Record<string, { from: readonly string[]; to: string }>>,
  given: (status: Status) => State,
  transition: (state: State, event: Event) => State,
) {
  describe(name, () => {
    for (const status of statuses) {
      for (const [type, event] of Object.entries(events)) {
        const move = moves[type];
        if (move?.from.includes(status)) {
          test(`${status} takes ${type} and is ${move.to}`, () => {
            expect(transition(given(status), event).status).toBe(move.to);
          });
        } else {
          test(`${status} refuses ${type}, naming both`, () => {
            const refusal = expect(() => transition(given(status), event));
            refusal.toThrow(IllegalTransition);
            refusal.toThrow(`is ${status}: it cannot take "${type}"`);
          });
        }
      }
    }
  });
}

describeMachine("a trade", Trade.TRADE_STATUSES, tradeEvents, Trade.TRADE_MOVES, Given.trade, Trade.transition);
describeMachine(
  "an attempt",
  Attempt.ATTEMPT_STATUSES,
  attemptEvents,
  Attempt.ATTEMPT_MOVES,
  Given.attempt,
  Attempt.transition,
);
describeMachine(
  "a position",
  Position.POSITION_STATUSES,
  positionEvents,
  Position.POSITION_MOVES,
  Given.position,
  Position.transition,
);

test("the machines are the agreed ones", () => {
  expect(Trade.TRADE_MOVES.fork).toEqual({ from: ["confirmed"], to: "submitted" });
  expect(Attempt.ATTEMPT_MOVES.land.from).toEqual(["live", "expired"]);
  expect(Position.POSITION_MOVES.finish.from).toEqual(["open", "closing"]);
});

test("a fork takes back what the block had brought", () => {
  expect(Trade.transition(Given.trade("confirmed"), { type: "fork" })).not.toHaveProperty("confirmedAt");
  expect(Attempt.transition(Given.attempt("landed"), { type: "fork" })).not.toHaveProperty("fill");
});

test("an exit's id is derived from position, trigger and part", () => {
  expect(Trade.exitTradeId(7, 2, 1)).toBe("trd_exit_7_2_1");
  expect(Attempt.attemptIdOf("trd_exit_7_2_1", 3)).toBe("trd_exit_7_2_1.3");
});
