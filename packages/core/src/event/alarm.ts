/**
 * What must wake a human: the codes of `alarm_raised`, and what each of them means.
 *
 * Invariant: codes are API, never renamed and never reused; docs/events.md shows this table.
 */
import type { NewEvent } from "./event.ts";

export const ALARMS = {
  EXIT_DELAYED: "an exit could not be sent so far; it is tried on",
  EXIT_DIVIDED: "an exit was too large for the market and goes out in parts",
  EXIT_SHORT:
    "the wallet held less than an exit was to spend; up to a hundredth is booked as missing, and more is looked for",
  PRICE_IMPACT_HIGH: "an exit moves the price by more than an entry may; it goes out all the same",
  DUST_LEFT: "what is left of a position is too little for any route, and stays in the wallet",
  PRICE_BELOW_FLOOR: "the market offers less than an exit accepts; it is tried on, in smaller parts",
  UNSAFE_TRANSACTION: "a transaction was not signed, because it did more than was recorded",
  LATE_LANDING: "a transaction that was proven unable to land is on the chain after all; it is booked",
  EXIT_WITHOUT_ENTRY:
    "an exit took more from the wallet than its position got: the entry was forked away, or an exit landed twice; the rest was other holdings",
  CLOSED_EXTERNALLY: "another transaction took all that the position held; it is closed",
  REDUCED_EXTERNALLY: "another transaction took a part of what the position holds; the rest is watched on",
  MINT_FROZEN:
    "the wallet holds less of a mint than its positions do, and nothing says why; no entry in it until they agree, and stops stay armed",
} as const;

export type Alarm = keyof typeof ALARMS;

/** What it is about; `tradeId`: null: no one trade of the position. */
export interface AlarmRef {
  readonly positionId: number;
  readonly symbol: string;
  readonly tradeId: string | null;
}

/** `message`: a sentence for people, with the numbers. */
export const alarmRaised = ({ positionId, symbol, tradeId }: AlarmRef, code: Alarm, message: string): NewEvent => ({
  name: "alarm_raised",
  payload: { positionId, symbol, tradeId, code, message },
});
