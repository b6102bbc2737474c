/**
 * What can be made to go wrong, as `POST /faults` takes it. A standing fault stays until it has befallen as many as it is
 * meant for, or is taken back; an act happens once, now or in the next block.
 *
 * Invariant: docs/local-faults.md has a section for each kind that names each of its fields.
 */
import * as z from "zod";
import { LAG_BLOCKS_MAX } from "../chain/accounts.ts";
import { DEPTH } from "../chain/commitment.ts";
import { amountText, mintText } from "../venue/quote.ts";

/** Each is one server: what is set for it befalls whoever asks it. */
const SERVICES = ["jupiter", "rpc", "rpc2", "postgres", "redis", "sqs", "lambda", "kms", "events"] as const;
export type Service = (typeof SERVICES)[number];

/** Far beyond the 150 blocks in which a transaction can land: late by more than that is never. */
const LATE_BLOCKS_MAX = 1_000;

/** The life of a blockhash: whatever comes again later comes to nothing. */
const REPEAT_BLOCKS_MAX = 150;

/** An hour of the busiest service is below it; who means all says "always". */
const TIMES_MAX = 1_000_000;

/** No function here runs for longer. */
const DELAY_MS_MAX = 180_000;

const MATCH_LENGTH_MAX = 200;

/** At once. How far a market may go in all depends on where it is: the world says. */
const FACTOR_MAX = 100;

/** A million SOL: a node tells lamports as a JSON number, and sums of such stay exact in it. */
const LAMPORTS_MAX = 10n ** 15n;

const often = {
  times: z
    .union([z.int().min(1).max(TIMES_MAX), z.literal("always")], {
      error: `must be a whole number from 1 to ${TIMES_MAX}, or "always"`,
    })
    .default(1),
  probability: z.number().gt(0).max(1).default(1),
};

const request = {
  kind: z.literal("http"),
  service: z.enum(SERVICES),
  match: z.string().min(1).max(MATCH_LENGTH_MAX).optional(),
  ...often,
};

const Http = z.discriminatedUnion("action", [
  z
    .strictObject({
      ...request,
      action: z.literal("status"),
      status: z.int().min(200).max(599),
      retryAfterSeconds: z.int().min(0).max(3_600).optional(),
      body: z.json().optional(),
    })
    .refine(({ status, body }) => status >= 400 || body !== undefined, {
      path: ["body"],
      error: "a status below 400 is no refusal: say what is answered",
    }),
  z.strictObject({ ...request, action: z.literal("timeout") }),
  z.strictObject({ ...request, action: z.literal("lost_reply") }),
  z.strictObject({ ...request, action: z.literal("cut") }),
  z.strictObject({ ...request, action: z.literal("hold") }),
  z.strictObject({ ...request, action: z.literal("hold_request") }),
  z.strictObject({ ...request, action: z.literal("delay"), ms: z.int().min(1).max(DELAY_MS_MAX) }),
]);

const transaction = { kind: z.literal("transactions"), ...often };
const lateBlocks = z.int().min(1).max(LATE_BLOCKS_MAX);

const Transactions = z.discriminatedUnion("action", [
  z.strictObject({ ...transaction, action: z.literal("drop"), copies: z.int().min(1).max(TIMES_MAX).optional() }),
  z.strictObject({ ...transaction, action: z.literal("delay"), blocks: lateBlocks }),
  z.strictObject({ ...transaction, action: z.literal("late"), blocks: lateBlocks }),
  z.strictObject({ ...transaction, action: z.literal("revert") }),
  z.strictObject({ ...transaction, action: z.literal("repeat"), blocks: z.int().min(1).max(REPEAT_BLOCKS_MAX) }),
]);

const Lag = z.strictObject({
  kind: z.literal("lag"),
  node: z.union([z.literal(1), z.literal(2)]),
  blocks: z.int().min(1).max(LAG_BLOCKS_MAX),
});

const Fork = z.strictObject({
  kind: z.literal("fork"),
  blocks: z
    .int()
    .min(1)
    .max(DEPTH.finalized, `must be at most ${DEPTH.finalized}: what has more blocks on it is final and stays`),
  again: z.boolean(),
});

const symbol = z.string().min(1).max(MATCH_LENGTH_MAX);

const Price = z.strictObject({
  kind: z.literal("price"),
  symbol,
  factor: z
    .number()
    .min(1 / FACTOR_MAX)
    .max(FACTOR_MAX),
});

const Empty = z.strictObject({ kind: z.literal("empty"), symbol, left: z.number().min(0).lt(1).default(0) });
const Refill = z.strictObject({ kind: z.literal("refill"), symbol });

const sum = { mint: mintText.optional(), amount: amountText };
const isExact = ({ mint, amount }: { mint?: string | undefined; amount: bigint }): boolean =>
  mint !== undefined || amount <= LAMPORTS_MAX;
const exactly = { path: ["amount"], error: `must be at most ${LAMPORTS_MAX} lamports` };

const Pay = z.strictObject({ kind: z.literal("pay"), ...sum }).refine(isExact, exactly);
const Receive = z.strictObject({ kind: z.literal("receive"), ...sum }).refine(isExact, exactly);

export const STANDING_KINDS = { http: Http, transactions: Transactions, lag: Lag } as const;
export const ACT_KINDS = {
  fork: Fork,
  price: Price,
  empty: Empty,
  refill: Refill,
  pay: Pay,
  receive: Receive,
} as const;

export const StandingFault = z.discriminatedUnion("kind", [Http, Transactions, Lag]);
export const Fault = z.discriminatedUnion("kind", [StandingFault, Fork, Price, Empty, Refill, Pay, Receive]);

export type HttpFault = z.output<typeof Http>;
export type TransactionsFault = z.output<typeof Transactions>;
export type LagFault = z.output<typeof Lag>;
export type StandingFault = z.output<typeof StandingFault>;
export type Act = z.output<(typeof ACT_KINDS)[keyof typeof ACT_KINDS]>;

/** As `GET /faults` tells of each that was set. */
export const Told = z.strictObject({
  id: z.string(),
  fault: StandingFault,
  /** How many it has befallen. */
  bitten: z.int(),
  /** Of those, how many still wait to be let go. */
  held: z.int(),
  /** Whether it has befallen as many as it was meant for. */
  spent: z.boolean(),
});
export type Told = z.output<typeof Told>;
