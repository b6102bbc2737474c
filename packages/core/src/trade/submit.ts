/**
 * Bringing a trade on its way: its next attempt is made, signed and sent, or what is there of it is.
 *
 * Invariants:
 * - the draft is committed before it is signed, the signature before a byte goes out, and what goes out is what the row holds;
 * - a message that will find out what became of the attempt is queued before the attempt is signed;
 * - another attempt is made only when the last one is dead, by whoever has the turn;
 * - no outcome here is final: whoever is stopped at any line is followed by a message that starts again from the rows.
 */

import type { Clock } from "../clock.ts";
import { isEngineError } from "../error.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Quote } from "../jupiter/client.ts";
import type { Log } from "../log.ts";
import type { Queues } from "../queue/queue.ts";
import type { Rpc } from "../solana/rpc.ts";
import type { SignAnswer, Signing } from "../solana/signer.ts";
import { assemble } from "../solana/wire.ts";
import type { AttemptStore } from "./attempt.store.ts";
import { type Attempt, currentOf, triesOf } from "./attempt.ts";
import type { Drafted } from "./draft.ts";
import { type EntryAttemptDeps, failEntry, nextEntry } from "./entry-attempt.ts";
import { tradeExecuted } from "./events.ts";
import { type ExitAttemptDeps, nextExit, WAIT_MS } from "./exit-attempt.ts";
import { DRAFT_LIFE_MS, ECHO_MS, TURN_MS, triesAtTheCap } from "./policy.ts";
import { postpone } from "./setback.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";
import type { TradeFailure } from "./trade.ts";
import type { TurnStore } from "./turn.store.ts";

export interface SendDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly trades: TradeStore;
  readonly rpc: Pick<Rpc, "send">;
  readonly wakeRelay: WakeRelay;
}

export interface SubmitDeps extends SendDeps, EntryAttemptDeps, ExitAttemptDeps {
  readonly attempts: AttemptStore;
  readonly turns: TurnStore;
  readonly rpc: SendDeps["rpc"] & ExitAttemptDeps["rpc"];
  readonly signing: Signing;
  readonly queues: Queues;
}

/** The first look at what became of an attempt: about when a block that holds it is confirmed. */
const CONFIRM_AFTER_SECONDS = 1;

/** Between two tries of what nobody has answered: a quote's worth of time, within Jupiter's slowest plan for one trade. */
const TRY_AGAIN_SECONDS = 2;

/** What there is to do for the trade now. */
export type Submission =
  /** Its bytes are out: find out what became of them. */
  | "sent"
  /** Nothing: it is over, not there, or somebody else does it. */
  | "nothing"
  /** Not now: a message has to come again. */
  | { readonly laterSeconds: number };

/** @throws whatever a store throws; what has been done by then is seen by the message that comes again. */
export async function submitTrade(deps: SubmitDeps, tradeId: string, preview?: Quote): Promise<Submission> {
  const record = await deps.trades.find(tradeId);
  if (!record || (record.trade.status !== "planned" && record.trade.status !== "submitted")) return "nothing";
  if (record.position.status === "closed" || record.position.status === "aborted") return "nothing";
  const last = currentOf(record.attempts);
  switch (last?.status) {
    case "live":
      await confirmLater(deps, record);
      return sendAttempt(deps, record, last);
    case "landed":
    case "final":
      return "sent";
    case "drafted":
      if (deps.clock.now().getTime() - last.draftedAt.getTime() < DRAFT_LIFE_MS) return signAttempt(deps, record, last);
      return afterUnsigned(deps, record, last);
    case "abandoned":
    case "errored":
    case "expired":
    case undefined:
      return nextAttempt(deps, record, preview);
    default:
      return last satisfies never;
  }
}

/**
 * Takes the turn, and gives it back when nothing came of it. A message that meets somebody's turn comes again when it ends,
 * since who has it may have died; one that meets a pause ends, since whoever paused has queued another one first.
 */
async function nextAttempt(deps: SubmitDeps, record: TradeRecord, preview: Quote | undefined): Promise<Submission> {
  const { trade, attempts } = record;
  const now = deps.clock.now().getTime();
  const turnLeft = (trade.turnUntil?.getTime() ?? 0) - now;
  if (turnLeft > 0) return { laterSeconds: secondsOf(turnLeft) };
  if ((trade.setbacks.retryAt?.getTime() ?? 0) - now > ECHO_MS) return "nothing";
  const until = new Date(now + TURN_MS);
  try {
    if (!(await deps.turns.take(trade, attempts.length, until))) return { laterSeconds: secondsOf(TURN_MS) };
  } catch (error) {
    // Whether it was taken is unknown: given back it is not, and else the message comes when it is over.
    deps.log.error("turn_unanswered", error, { tradeId: trade.tradeId });
    return { laterSeconds: (await isReleased(deps, trade.tradeId, until)) ? TRY_AGAIN_SECONDS : secondsOf(TURN_MS) };
  }
  try {
    const submission = await makeAttempt(deps, record, preview);
    if (typeof submission === "object") await deps.turns.release(trade.tradeId, until);
    return submission;
  } catch (error) {
    deps.log.error("attempt_not_made", error, { tradeId: trade.tradeId });
    return afterError(deps, record, until, error);
  }
}

/** It is nobody's fault that is known here, so it is tried again as anything else is: with growing pauses, and an alarm. */
async function afterError(deps: SubmitDeps, record: TradeRecord, until: Date, error: unknown): Promise<Submission> {
  try {
    await postpone(deps, record, {
      code: "NETWORK_ERROR",
      message: error instanceof Error ? error.message : String(error),
    });
    return (await isReleased(deps, record.trade.tradeId, until)) ? "nothing" : { laterSeconds: secondsOf(TURN_MS) };
  } catch (unknown) {
    deps.log.error("setback_not_noted", unknown, { tradeId: record.trade.tradeId });
    return { laterSeconds: secondsOf(TURN_MS) };
  }
}

async function isReleased({ turns, log }: SubmitDeps, tradeId: string, until: Date): Promise<boolean> {
  try {
    await turns.release(tradeId, until);
    return true;
  } catch (error) {
    log.error("turn_not_released", error, { tradeId });
    return false;
  }
}

/** As SQS counts a delay, and not before. */
const secondsOf = (milliseconds: number): number => Math.ceil(milliseconds / 1000) + 1;

async function makeAttempt(deps: SubmitDeps, record: TradeRecord, preview: Quote | undefined): Promise<Submission> {
  const next = await (record.trade.kind === "entry" ? nextEntry(deps, record, preview) : nextExit(deps, record));
  switch (next.type) {
    case "drafted":
      return signAttempt(deps, record, next.draft);
    case "refused":
      return afterRefusal(deps, record, next, record.attempts.length + 1);
    case "lost":
      return { laterSeconds: TRY_AGAIN_SECONDS };
    case "waits":
      return { laterSeconds: WAIT_MS / 1000 };
    case "settled":
      return "nothing";
    default:
      return next satisfies never;
  }
}

/** The next rung of the ladder is tried at once; past its end, and for every other reason, there is a pause. */
async function afterRefusal(
  deps: SubmitDeps,
  record: TradeRecord,
  { code, refusal }: Pick<Extract<Drafted, { type: "refused" }>, "code" | "refusal">,
  made: number,
): Promise<Submission> {
  const { trade, attempts } = record;
  const tries = triesOf(trade.triesBefore, attempts) + 1;
  deps.log.info("attempt_refused", { tradeId: trade.tradeId, cause: refusal.cause, reason: refusal.error });
  if (refusal.cause === "slippage" && triesAtTheCap(trade.kind, tries) === 0) return { laterSeconds: 0 };
  await postpone(deps, record, { code, message: refusal.error }, { attempts: made });
  return "nothing";
}

type Draft = Pick<Attempt, "attemptId" | "number" | "message">;

/** Whoever drafted or signed before may have died before saying so: a message more is harmless, none would leave the attempt unseen. */
const confirmLater = (deps: SubmitDeps, { trade }: TradeRecord): Promise<void> =>
  deps.queues.send("confirm", trade.tradeId, CONFIRM_AFTER_SECONDS);

async function signAttempt(deps: SubmitDeps, record: TradeRecord, draft: Draft): Promise<Submission> {
  await confirmLater(deps, record);
  let answer: SignAnswer;
  try {
    answer = await deps.signing.sign(draft.attemptId);
  } catch (error) {
    // Whether it signed is unknown; asked again, it says what it has stored.
    deps.log.error("sign_unanswered", error, { attemptId: draft.attemptId });
    return { laterSeconds: TRY_AGAIN_SECONDS };
  }
  if (answer.outcome === "signed") return sendAttempt(deps, record, { ...draft, signature: answer.signature });
  // What has changed since it was read is seen when it is looked at again.
  if (answer.outcome === "unwanted") return { laterSeconds: TRY_AGAIN_SECONDS };
  deps.log.info("attempt_not_signed", { attemptId: draft.attemptId, ...answer });
  if (answer.outcome === "put_off") return afterPutOff(deps, record, draft, answer);
  return afterUnsafe(deps, record, draft, { code: answer.code, message: `${answer.rule}: ${answer.reason}` });
}

/** Nobody has signed it in its time: whoever was to has died, or cannot. Now and then that is so, and for long a person should know. */
async function afterUnsigned(deps: SubmitDeps, record: TradeRecord, draft: Draft): Promise<Submission> {
  if (!(await deps.attempts.abandon(draft.attemptId, null))) return { laterSeconds: 0 };
  const message = `attempt ${draft.attemptId} was not signed within ${DRAFT_LIFE_MS / 1_000} s`;
  await postpone(deps, record, { code: "NETWORK_ERROR", message }, { attempts: draft.number });
  return "nothing";
}

/** Nothing is held against it: another one is tried as if this one had failed when it was drafted. */
async function afterPutOff(
  deps: SubmitDeps,
  record: TradeRecord,
  draft: Draft,
  { code, cause, reason }: Extract<SignAnswer, { outcome: "put_off" }>,
): Promise<Submission> {
  const refusal = { error: reason, cause };
  if (!(await deps.attempts.abandon(draft.attemptId, refusal))) return { laterSeconds: 0 };
  return afterRefusal(deps, record, { code, refusal }, draft.number);
}

/** An entry ends with it. An exit goes on by another route: its position is still to be closed. */
async function afterUnsafe(
  deps: SubmitDeps,
  record: TradeRecord,
  draft: Draft,
  failure: TradeFailure,
): Promise<Submission> {
  if (record.trade.kind === "entry") {
    return (await failEntry(deps, record, failure, draft)) ? "nothing" : { laterSeconds: TRY_AGAIN_SECONDS };
  }
  if (!(await deps.attempts.abandon(draft.attemptId, { error: failure.message, cause: "unsafe" })))
    return { laterSeconds: 0 };
  await postpone(deps, record, failure, { attempts: draft.number, alarm: "UNSAFE_TRANSACTION" });
  return "nothing";
}

/**
 * The trade is submitted, whoever submits it; then the bytes go out, whoever sent them before. Not those of an exit whose entry
 * may not have happened: it would sell what belongs to another position.
 */
export async function sendAttempt(
  deps: SendDeps,
  { trade, position }: Pick<TradeRecord, "trade" | "position">,
  attempt: Pick<Draft, "attemptId" | "message"> & { readonly signature: string },
): Promise<"sent"> {
  const isNews =
    trade.status === "planned" &&
    (await deps.trades.submit(attempt.attemptId, [tradeExecuted(trade, attempt)], deps.clock.now()));
  try {
    const isWanted = trade.kind === "entry" || !position.inDoubt;
    if (isWanted) await deps.rpc.send(assemble(attempt.message, attempt.signature));
  } catch (error) {
    // Whether a node took them is unknown, which is what it is after an answer, too: they are sent again until it is known.
    if (!isEngineError(error, "NETWORK_ERROR")) throw error;
    deps.log.error("send_unanswered", error, { attemptId: attempt.attemptId });
  }
  if (isNews) await deps.wakeRelay();
  return "sent";
}
