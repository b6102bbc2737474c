/**
 * A position: one holding from entry to exit, a fold of fills.
 *
 * Invariants:
 * - the moves below are the only ones, in memory and in SQL: the stores read the same table;
 * - never more leaves a position than entered it (`exitIn + missing + dust ≤ entryOut`; a check in the database holds it too):
 *   what its exits took from the wallet beyond that is no part of it;
 * - it is protected from the moment its entry is confirmed, and closed only when its entry and its exits are final.
 */
import type { Side } from "../market/market.ts";
import { type Amount, add, amount, mulDiv, subtract, ZERO } from "../money/amount.ts";
import type { Price } from "../money/price.ts";
import type { CloseReason, Stop } from "../stop/stop.ts";
import type { Fill } from "../trade/attempt.ts";
import type { TradeKind } from "../trade/trade.ts";
import { type Move, move } from "../transition.ts";

export const POSITION_STATUSES = ["opening", "open", "closing", "closed", "aborted"] as const;
export type PositionStatus = (typeof POSITION_STATUSES)[number];

/**
 * What the fills of a position moved so far, and what left it without one. Side `buy` enters in quote and exits in base; side
 * `sell` mirrors it.
 */
export interface Totals {
  readonly entryIn: Amount;
  readonly entryOut: Amount;
  readonly exitIn: Amount;
  readonly exitOut: Amount;
  /** Of what entered: not in the wallet when an exit looked for it. */
  readonly missing: Amount;
  /** Of what entered: left in the wallet, too little for any route. */
  readonly dust: Amount;
  /** Network and priority fees, and tips. */
  readonly feesLamports: Amount;
  readonly rentLamports: Amount;
  /** The fees in base units of the quote, valued at the accepted SOL price of each fill; null: not known. */
  readonly feesQuote: Amount | null;
}

export const NO_FILLS: Totals = {
  entryIn: ZERO,
  entryOut: ZERO,
  exitIn: ZERO,
  exitOut: ZERO,
  missing: ZERO,
  dust: ZERO,
  feesLamports: ZERO,
  rentLamports: ZERO,
  feesQuote: ZERO,
};

interface PositionFacts {
  readonly positionId: number;
  readonly accountId: string;
  readonly symbol: string;
  readonly side: Side;
  /** The notional asked for, base units of the quote. */
  readonly size: Amount;
  readonly totals: Totals;
  /** Of what is held, how much is meant for exits that are planned and not booked. */
  readonly exiting: Amount;
  /**
   * The block of its entry was forked away, or brought less, when exits had taken from it or might have: nothing more leaves
   * it until it is known what became of the entry.
   */
  readonly inDoubt: boolean;
  readonly stop: Stop | null;
  /** Of the rule: what an update and a claim must name. */
  readonly version: number;
  readonly createdAt: Date;
}

interface Opened {
  readonly openedAt: Date;
  /** Average price of the entry. */
  readonly entryPrice: Price;
  readonly highWaterMark: Price;
}
interface Closing {
  readonly closeReason: CloseReason;
  /** Only a part is being closed: its stop goes on being watched, and it is open again afterwards. */
  readonly partial: boolean;
}

export type Position = PositionFacts &
  (
    | { readonly status: "opening" }
    | ({ readonly status: "open" } & Opened)
    | ({ readonly status: "closing" } & Closing & Partial<Opened>)
    | ({ readonly status: "closed"; readonly closedAt: Date; readonly closeReason: CloseReason } & Partial<Opened>)
    | { readonly status: "aborted"; readonly closedAt: Date }
  );

export type PositionEvent =
  | { readonly type: "open"; readonly at: Date; readonly entryPrice: Price }
  | { readonly type: "abort"; readonly at: Date }
  | { readonly type: "close"; readonly reason: CloseReason; readonly partial: boolean }
  | { readonly type: "resume" }
  | { readonly type: "finish"; readonly at: Date; readonly reason: CloseReason }
  | { readonly type: "fork" };

export const POSITION_MOVES = {
  open: { from: ["opening"], to: "open" }, // the entry is confirmed
  abort: { from: ["opening", "closing"], to: "aborted" }, // there is no entry, and none can land any more
  close: { from: ["opening", "open"], to: "closing" }, // a stop, a person or the kill switch
  resume: { from: ["closing"], to: "open" }, // a partial exit is final and nothing else is latched
  finish: { from: ["open", "closing"], to: "closed" }, // all of it is final, or the wallet was emptied from outside
  fork: { from: ["open"], to: "opening" }, // its entry was forked away
} as const satisfies Record<PositionEvent["type"], Move<PositionStatus>>;

/** The statuses that take a seat. */
export const LIVE_POSITIONS = ["opening", "open", "closing"] as const satisfies readonly PositionStatus[];

/** @throws IllegalTransition when the event does not belong to the position's status. */
export function transition(position: Position, event: PositionEvent): Position {
  move<PositionStatus, PositionEvent["type"]>(
    `position ${position.positionId}`,
    POSITION_MOVES,
    position.status,
    event.type,
  );
  const facts = factsOf(position);
  switch (event.type) {
    case "open":
      return {
        ...facts,
        status: "open",
        openedAt: event.at,
        entryPrice: event.entryPrice,
        highWaterMark: event.entryPrice,
      };
    case "abort":
      return { ...facts, status: "aborted", closedAt: event.at };
    case "close":
      return { ...facts, ...openedOf(position), status: "closing", closeReason: event.reason, partial: event.partial };
    case "resume": {
      const { openedAt, entryPrice, highWaterMark } = openedOf(position);
      if (!openedAt || !entryPrice || !highWaterMark)
        throw new TypeError(`position ${position.positionId} was never open`);
      return { ...facts, status: "open", openedAt, entryPrice, highWaterMark };
    }
    case "finish":
      return { ...facts, ...openedOf(position), status: "closed", closedAt: event.at, closeReason: event.reason };
    case "fork":
      return { ...facts, status: "opening" };
    default:
      return event satisfies never;
  }
}

function factsOf(position: Position): PositionFacts {
  const { positionId, accountId, symbol, side, size, totals, exiting, inDoubt, stop, version, createdAt } = position;
  return { positionId, accountId, symbol, side, size, totals, exiting, inDoubt, stop, version, createdAt };
}

function openedOf(position: Position): Partial<Opened> {
  if (!("openedAt" in position) || !position.openedAt || !position.entryPrice || !position.highWaterMark) return {};
  const { openedAt, entryPrice, highWaterMark } = position;
  return { openedAt, entryPrice, highWaterMark };
}

/** What is still held: base for side `buy`, quote for side `sell`. */
export const held = (totals: Totals): Amount => subtract(totals.entryOut, gone(totals));

/** What is not held any more of what entered: sold, missing, or left as dust. */
export const gone = ({ exitIn, missing, dust }: Totals): Amount => amount(exitIn + missing + dust);

/**
 * Books one fill. `feeQuote` is the fee's value in base units of the quote; null once makes the sum unknown for good.
 *
 * @throws RangeError when an exit spends more than is held.
 */
export function book(totals: Totals, kind: TradeKind, fill: Fill, feeQuote: Amount | null): Totals {
  if (kind === "exit" && fill.amountIn > held(totals)) {
    throw new RangeError(`an exit of ${fill.amountIn} is more than the ${held(totals)} held`);
  }
  const moved =
    kind === "entry"
      ? { entryIn: add(totals.entryIn, fill.amountIn), entryOut: add(totals.entryOut, fill.amountOut) }
      : { exitIn: add(totals.exitIn, fill.amountIn), exitOut: add(totals.exitOut, fill.amountOut) };
  return {
    ...totals,
    ...moved,
    feesLamports: amount(totals.feesLamports + fill.feeLamports + fill.tipLamports),
    rentLamports: add(totals.rentLamports, fill.rentLamports),
    feesQuote: totals.feesQuote === null || feeQuote === null ? null : amount(totals.feesQuote + feeQuote),
  };
}

/**
 * Of what exits took and brought, the part of a position that had only `had` of it. The rest was other holdings of the wallet,
 * which may have been any of it: so all of it brought the same.
 */
export const shareOf = ({ amountIn, amountOut }: Pick<Fill, "amountIn" | "amountOut">, had: Amount) => ({
  amountIn: had,
  amountOut: had === 0n ? ZERO : amount(mulDiv(amountOut, had, amountIn, "down")),
});

/** Takes one fill back, as if its block had never been. The value of its fee is not part of it: the fill does not know it. */
export const unbook = (totals: Totals, kind: TradeKind, fill: Fill): Totals => ({
  ...totals,
  ...(kind === "entry"
    ? { entryIn: subtract(totals.entryIn, fill.amountIn), entryOut: subtract(totals.entryOut, fill.amountOut) }
    : { exitIn: subtract(totals.exitIn, fill.amountIn), exitOut: subtract(totals.exitOut, fill.amountOut) }),
  feesLamports: amount(totals.feesLamports - fill.feeLamports - fill.tipLamports),
  rentLamports: subtract(totals.rentLamports, fill.rentLamports),
});
