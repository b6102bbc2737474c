/**
 * A trade: one request to swap, opening or closing a position.
 *
 * Invariants:
 * - the moves below are the only ones, in memory and in SQL: the stores read the same table;
 * - each status carries what is true in it and nothing else;
 * - `amountIn` is fixed when the trade is planned: every attempt of it spends exactly that.
 */
import type { Side } from "../market/market.ts";
import type { Mint } from "../market/mint.ts";
import type { Amount } from "../money/amount.ts";
import { type Move, move } from "../transition.ts";

export const TRADE_STATUSES = ["planned", "submitted", "confirmed", "finalized", "failed", "superseded"] as const;
export type TradeStatus = (typeof TRADE_STATUSES)[number];

/** `entry` opens a position, `exit` reduces or closes one. */
export type TradeKind = "entry" | "exit";

export interface TradeFailure {
  /** One of the API's error codes. */
  readonly code: string;
  readonly message: string;
}

/** What has kept a trade from its next attempt, since its last one. */
export interface Setbacks {
  readonly count: number;
  readonly last: TradeFailure | null;
  /** No attempt is made before; whoever set it has a message on the way that comes then. Null: now. */
  readonly retryAt: Date | null;
}

export const NO_SETBACKS: Setbacks = { count: 0, last: null, retryAt: null };

interface TradeFacts {
  readonly tradeId: string;
  readonly accountId: string;
  readonly positionId: number;
  readonly symbol: string;
  readonly kind: TradeKind;
  /** The direction of the swap: `buy` spends quote, `sell` spends base. */
  readonly side: Side;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amountIn: Amount;
  /** The least its caller accepts for it; null: the slippage of the attempt alone decides. */
  readonly minimumOut: Amount | null;
  readonly setbacks: Setbacks;
  /** Until then somebody is making its next attempt; null: nobody is. */
  readonly turnUntil: Date | null;
  /** The exit that this one is a part of, or was cut from; null: it was planned for itself. */
  readonly replaces: string | null;
  /** Of the exits whose place it took: it goes on where they were on the slippage ladder. */
  readonly triesBefore: number;
  readonly plannedAt: Date;
}

interface Submitted {
  readonly submittedAt: Date;
}
interface Confirmed extends Submitted {
  readonly confirmedAt: Date;
}

export type Trade = TradeFacts &
  (
    | { readonly status: "planned" }
    | ({ readonly status: "submitted" } & Submitted)
    | ({ readonly status: "confirmed" } & Confirmed)
    | ({ readonly status: "finalized"; readonly finalizedAt: Date } & Confirmed)
    | { readonly status: "failed"; readonly failedAt: Date; readonly failure: TradeFailure }
    | { readonly status: "superseded"; readonly supersededAt: Date }
  );

export type TradeEvent =
  | { readonly type: "submit"; readonly at: Date }
  | { readonly type: "confirm"; readonly at: Date }
  | { readonly type: "finalize"; readonly at: Date }
  | { readonly type: "fork" }
  | { readonly type: "fail"; readonly at: Date; readonly failure: TradeFailure }
  | { readonly type: "supersede"; readonly at: Date };

/** The statuses in which a trade may get another attempt. */
export const MOVING_TRADES = ["planned", "submitted"] as const satisfies readonly TradeStatus[];

export const TRADE_MOVES = {
  submit: { from: ["planned"], to: "submitted" }, // its attempt is signed
  confirm: { from: ["submitted"], to: "confirmed" },
  finalize: { from: ["confirmed"], to: "finalized" },
  fork: { from: ["confirmed"], to: "submitted" }, // its block was forked away
  fail: { from: MOVING_TRADES, to: "failed" }, // entries only: no attempt can land any more
  supersede: { from: MOVING_TRADES, to: "superseded" }, // exits only: another exit took over
} as const satisfies Record<TradeEvent["type"], Move<TradeStatus>>;

/** The statuses in which a trade may still move the wallet. */
export const UNFINISHED_TRADES = ["planned", "submitted", "confirmed"] as const satisfies readonly TradeStatus[];

/** @throws IllegalTransition when the event does not belong to the trade's status. */
export function transition(trade: Trade, event: TradeEvent): Trade {
  move<TradeStatus, TradeEvent["type"]>(`trade ${trade.tradeId}`, TRADE_MOVES, trade.status, event.type);
  const facts = factsOf(trade);
  switch (event.type) {
    case "submit":
      return { ...facts, status: "submitted", submittedAt: event.at };
    case "confirm":
      return { ...facts, ...submittedOf(trade), status: "confirmed", confirmedAt: event.at };
    case "finalize":
      return { ...facts, ...confirmedOf(trade), status: "finalized", finalizedAt: event.at };
    case "fork":
      return { ...facts, ...submittedOf(trade), status: "submitted" };
    case "fail":
      return { ...facts, status: "failed", failedAt: event.at, failure: event.failure };
    case "supersede":
      return { ...facts, status: "superseded", supersededAt: event.at };
    default:
      return event satisfies never;
  }
}

function factsOf(trade: Trade): TradeFacts {
  return {
    tradeId: trade.tradeId,
    accountId: trade.accountId,
    positionId: trade.positionId,
    symbol: trade.symbol,
    kind: trade.kind,
    side: trade.side,
    inputMint: trade.inputMint,
    outputMint: trade.outputMint,
    amountIn: trade.amountIn,
    minimumOut: trade.minimumOut,
    setbacks: trade.setbacks,
    turnUntil: trade.turnUntil,
    replaces: trade.replaces,
    triesBefore: trade.triesBefore,
    plannedAt: trade.plannedAt,
  };
}

function submittedOf(trade: Trade): Submitted {
  if (!("submittedAt" in trade)) throw new TypeError(`trade ${trade.tradeId} is ${trade.status}: never submitted`);
  return { submittedAt: trade.submittedAt };
}

function confirmedOf(trade: Trade): Confirmed {
  if (!("confirmedAt" in trade)) throw new TypeError(`trade ${trade.tradeId} is ${trade.status}: not confirmed`);
  return { submittedAt: trade.submittedAt, confirmedAt: trade.confirmedAt };
}

/** The id of an exit, derived from what makes it one, so that planning it again collides instead of doubling. */
export const exitTradeId = (positionId: number, triggeredVersion: number, part: number): string =>
  `trd_exit_${positionId}_${triggeredVersion}_${part}`;

/** The id of the `part`th trade that takes the place of an exit: made twice, it collides as well. */
export const partIdOf = (tradeId: string, part: number): string => `${tradeId}_${part}`;
