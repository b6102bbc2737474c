/** What callers may send. Unknown fields are refused: a misspelt stop must not be a missing one. */
import * as z from "zod";
import { type Bps, bpsFromFraction } from "../money/bps.ts";
import { parsePrice } from "../money/price.ts";
import type { Stop } from "../stop/stop.ts";

const decimal = z.string().regex(/^\d{1,15}(\.\d{1,15})?$/, 'must be a decimal string such as "100" or "0.25"');

/** Reads with `read`, and turns its refusal into an issue of the field. */
const read =
  <Value>(parse: (text: string) => Value) =>
  (text: string, context: z.RefinementCtx): Value => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  };

const fraction = decimal.transform(read((text) => bpsFromFraction(Number(text))));

const FixedStop = { kind: z.literal("fixed"), price: decimal.transform(read(parsePrice)) };
const TrailingStop = { kind: z.literal("trailing"), distance: fraction.optional(), activation: fraction.optional() };

const StopBody = z.discriminatedUnion("kind", [z.strictObject(FixedStop), z.strictObject(TrailingStop)]);

export const TradeBody = z.strictObject({
  symbol: z.string().min(1).max(40),
  side: z.enum(["buy", "sell"]),
  size: z.string().max(40),
  stop: StopBody.optional(),
});

const version = z.number().int().positive();

export const StopChangeBody = z.discriminatedUnion("kind", [
  z.strictObject({ version, ...FixedStop }),
  z.strictObject({ version, ...TrailingStop }),
]);

export const CloseBody = z.strictObject({ fraction: decimal.optional() });

/** A trailing stop without a distance takes the configured one. */
export function stopOf(body: z.output<typeof StopBody>, defaultDistanceBps: Bps): Stop {
  if (body.kind === "fixed") return { kind: "fixed", price: body.price };
  const { distance = defaultDistanceBps, activation } = body;
  return { kind: "trailing", distanceBps: distance, ...(activation !== undefined && { activationBps: activation }) };
}

/** Printable, and as long as the longest that is common (Stripe's). */
export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 printable characters");
