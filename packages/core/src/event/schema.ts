/**
 * What each event says, as schemas: the types are inferred from them, and docs/events.md shows them.
 *
 * Invariants: names and fields are API, names in the past tense; amounts and prices are decimal strings, never numbers and
 * never with an exponent; a change that could break a reader raises the event's version.
 */
import * as z from "zod";
import { ALARMS, type Alarm } from "./alarm.ts";

/** A field: its form and its meaning are what docs/events.md says of it. */
const field = <Schema extends z.ZodType>(schema: Schema, form: string, meaning: string): Schema =>
  schema.meta({ title: form, description: meaning });

const AMOUNT = /^(0|[1-9]\d{0,19})$/;
const DIFFERENCE = /^(0|-?[1-9]\d{0,20})$/;
const PRICE = /^(0|[1-9]\d*)(\.\d+)?$/;

const text = (meaning: string) => field(z.string(), "text", meaning);
const id = (meaning: string) => field(z.string().min(1), "text", meaning);
const amount = (meaning: string) => field(z.string().regex(AMOUNT), "amount", meaning);
const price = (meaning: string) => field(z.string().regex(PRICE), "price", meaning);

const positionRef = {
  positionId: field(z.int().positive(), "number", "the position it is about"),
  symbol: id("its market, such as `SOL/USDC`"),
};

const tradeRef = {
  ...positionRef,
  tradeId: id("the trade"),
  kind: field(z.enum(["entry", "exit"]), "`entry` or `exit`", "whether it opens the position or reduces it"),
  side: field(z.enum(["buy", "sell"]), "`buy` or `sell`", "the direction of the swap: `buy` spends the quote"),
};

const sent = {
  attemptId: id("the attempt: one transaction of the trade"),
  signature: id("of that transaction, base58"),
};

const lastMark = {
  acceptedPrice: price("the price that was judged"),
  stopPrice: price("the level of the stop"),
  highWaterMark: price("the best accepted price since the stop was armed"),
};

export const EVENTS = {
  trade_executed: {
    version: 1,
    told: "Its first attempt is signed, recorded and on its way; later ones are not told. `trade_confirmed` names the one that landed.",
    payload: z.strictObject({ ...tradeRef, ...sent }),
  },
  trade_confirmed: {
    version: 1,
    told: "The chain has it, at `confirmed`. Told again when it landed in another block, perhaps with other amounts: the last one counts.",
    payload: z.strictObject({
      ...tradeRef,
      ...sent,
      amountIn: amount("what left the wallet, of the mint that was spent"),
      amountOut: amount("what came in, of the mint that was bought"),
      feeLamports: amount("the transaction's fee"),
    }),
  },
  trade_failed: {
    version: 1,
    told: "An entry that will not happen: no attempt of it can land any more. Exits never fail.",
    payload: z.strictObject({
      ...tradeRef,
      code: id("one of the API's error codes"),
      message: text("a sentence for people"),
    }),
  },
  position_opened: {
    version: 1,
    told: "Its entry is confirmed; from now on its stop is watched.",
    payload: z.strictObject({
      ...positionRef,
      quantity: amount("what it is about, in base units of the base mint"),
      entryPrice: price("average price of the entry"),
    }),
  },
  position_updated: {
    version: 1,
    told: "A fill, a fork or a person changed it.",
    payload: z.strictObject({
      ...positionRef,
      status: id("`opening`, `open`, `closing`, `closed` or `aborted`"),
      quantity: amount("what is left of it, in base units of the base mint"),
    }),
  },
  position_closed: {
    version: 1,
    told: "Its entry and its exits are final, or the wallet was emptied from outside: nothing of it is left on the chain.",
    payload: z.strictObject({
      ...positionRef,
      closeReason: id("`stop_loss`, `trailing_stop`, `manual` or `closed_externally`"),
      entryPrice: price("average price of the entry"),
      exitPrice: field(
        z.string().regex(PRICE).nullable(),
        "price or null",
        "average price of the exits; null: they brought nothing",
      ),
      realizedPnl: field(
        z.string().regex(DIFFERENCE).nullable(),
        "amount, may be negative, or null",
        "profit and loss after fees, in base units of the quote; null: a fee's value is not known",
      ),
      feesLamports: amount("all fees of it"),
    }),
  },
  stop_loss_triggered: {
    version: 1,
    told: "A stop was hit, fixed or trailing, and its exit is planned.",
    payload: z.strictObject({
      ...positionRef,
      tradeId: id("the exit that was planned"),
      reason: id("`stop_loss` for a fixed stop, `trailing_stop` for a trailing one"),
      ...lastMark,
    }),
  },
  trailing_stop_updated: {
    version: 1,
    told: "The market moved in the position's favour, and its stop with it. Told by steps, not by every price.",
    payload: z.strictObject({ ...positionRef, ...lastMark }),
  },
  alarm_raised: {
    version: 1,
    told: "Something that must wake a human.",
    payload: z.strictObject({
      ...positionRef,
      tradeId: field(z.string().min(1).nullable(), "text or null", "the trade; null: no one trade of the position"),
      code: field(z.enum(Object.keys(ALARMS) as Alarm[]), "text", "one of the alarms above"),
      message: text("a sentence for people"),
    }),
  },
} as const;
