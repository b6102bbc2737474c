/**
 * Closing a position, whole or in part, for a person.
 *
 * Invariants: a close that has begun is answered with its trade, however often it is asked for; a message that will drive
 * the exit is queued before it is planned; while only a part closes, the stop goes on being watched.
 */
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Ids } from "../id.ts";
import type { Log } from "../log.ts";
import { type Amount, amount, mulDiv, subtract } from "../money/amount.ts";
import type { Queues } from "../queue/queue.ts";
import { queueReconcile } from "../reconcile/queue.ts";
import { positionUpdated } from "../trade/events.ts";
import { found, sameTrade } from "../trade/replay.ts";
import type { TradeRecord, TradeStore } from "../trade/trade.store.ts";
import { positionNotFound } from "./manager.ts";
import type { ClosePlan, PositionStore } from "./position.store.ts";
import { held, type Position } from "./position.ts";

/** A part of a whole, exact: 1/3 is not 0.333. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const DECIMAL = /^(\d{1,9})(?:\.(\d{1,18}))?$/;

/** Reads `"0.5"`. @throws EngineError INVALID_POSITION_SIZE when it is not above 0 and at most 1. */
export function parseFraction(text: string): Fraction {
  const [, whole = "", digits = ""] = DECIMAL.exec(text) ?? [];
  const fraction = { numerator: BigInt(`${whole}${digits}`), denominator: 10n ** BigInt(digits.length) };
  if (fraction.numerator > 0n && fraction.numerator <= fraction.denominator) return fraction;
  const detail = `${text} of a position cannot be closed: a fraction is above 0 and at most 1`;
  throw new EngineError("INVALID_POSITION_SIZE", { detail, size: text, minPositionSize: "0", maxPositionSize: "1" });
}

export const WHOLE: Fraction = { numerator: 1n, denominator: 1n };

export interface CloseDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly positions: Pick<PositionStore, "find" | "planClose">;
  readonly trades: Pick<TradeStore, "find" | "findByKey" | "findExit">;
  readonly queues: Queues;
  readonly wakeRelay: WakeRelay;
}

/** A fill that is booked in between makes the plan look again; more than a few in a row is something else. */
const LOOKS_MAX = 5;

/** The message that takes over if this function dies: longer than the function may run. */
const TAKE_OVER_SECONDS = 20;

/**
 * The trade that closes `fraction` of what is held and not closing already.
 *
 * @throws EngineError POSITION_NOT_FOUND; UPDATE_CONFLICT naming the status of a position that cannot be closed;
 * INVALID_POSITION_SIZE when the fraction is less than one base unit.
 */
export async function closePosition(
  deps: CloseDeps,
  account: Account,
  positionId: number,
  fraction: Fraction = WHOLE,
  idempotencyKey: string | null = null,
): Promise<TradeRecord> {
  const requestDigest = `close ${positionId} ${fraction.numerator}/${fraction.denominator}`;
  const key = idempotencyKey === null ? null : { idempotencyKey, requestDigest };
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const earlier = key && (await sameTrade(deps, account, key));
    if (earlier) return earlier;
    const position = await deps.positions.find(account.accountId, positionId);
    if (!position) throw positionNotFound(positionId);
    const whole = fraction.numerator === fraction.denominator;
    const closes = position.status === "open" || (position.status === "closing" && position.partial && whole);
    if (!closes) return closingTrade(deps, position);
    const tradeId = deps.ids.next("trd");
    await deps.queues.send("execute", tradeId, TAKE_OVER_SECONDS);
    await queueReconcile(deps.queues, tradeId);
    if (await plan(deps, position, tradeId, fraction, key)) return planned(deps, tradeId);
  }
  throw conflict(positionId, "changing", "the position is changing too fast: try again");
}

/** It is planned, so it is what the caller gets: what is not queued now is driven by the message that was queued before. */
async function planned(deps: CloseDeps, tradeId: string): Promise<TradeRecord> {
  try {
    await deps.queues.send("execute", tradeId, 0);
  } catch (error) {
    deps.log.error("exit_not_queued", error, { tradeId });
  }
  await deps.wakeRelay();
  return found(deps.trades, tradeId);
}

async function plan(
  deps: CloseDeps,
  position: Position,
  tradeId: string,
  fraction: Fraction,
  key: ClosePlan["key"],
): Promise<boolean> {
  const holds = held(position.totals);
  if (holds <= position.exiting) {
    const detail = `position ${position.positionId} holds nothing that is not closing already`;
    throw conflict(position.positionId, position.status, detail);
  }
  const seen = subtract(holds, position.exiting);
  const amountIn = partOf(seen, fraction, position.totals.entryOut);
  return deps.positions.planClose({
    accountId: position.accountId,
    positionId: position.positionId,
    tradeId,
    seen,
    amountIn,
    key,
    events: [positionUpdated(position, position.totals, "closing")],
    at: deps.clock.now(),
  });
}

/** What would stay behind of a ten-thousandth of the position or less is dust that no route takes: it leaves with the rest. */
const DUST_PARTS = 10_000n;

/** Rounded down, so that no more leaves than was asked for. @throws EngineError INVALID_POSITION_SIZE when nothing would. */
function partOf(seen: Amount, { numerator, denominator }: Fraction, entered: Amount): Amount {
  const part = mulDiv(seen, numerator, denominator, "down");
  if ((seen - part) * DUST_PARTS <= entered) return seen;
  if (part > 0n) return amount(part);
  const detail = `${numerator}/${denominator} of ${seen} base units is less than one`;
  throw new EngineError("INVALID_POSITION_SIZE", {
    detail,
    size: `${numerator}/${denominator}`,
    minPositionSize: "1",
    maxPositionSize: seen.toString(),
  });
}

/** Of a position that is closing: the trade that does it. @throws EngineError UPDATE_CONFLICT when there is none. */
async function closingTrade(deps: CloseDeps, { positionId, status }: Position): Promise<TradeRecord> {
  const exit = status === "closing" ? await deps.trades.findExit(positionId) : null;
  if (exit) {
    // Whoever asks again may be asking because nothing happens.
    await deps.queues.send("execute", exit.trade.tradeId, 0);
    return exit;
  }
  throw conflict(positionId, status, `position ${positionId} is ${status}: there is nothing to close`);
}

const conflict = (positionId: number, status: string, detail: string): EngineError =>
  new EngineError("UPDATE_CONFLICT", { detail, positionId: String(positionId), positionStatus: status });
