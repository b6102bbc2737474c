/**
 * Attempts in Postgres: drafted, signed, dead.
 *
 * Invariants:
 * - every operation is one statement, conditional on the statuses it judges;
 * - an attempt takes part in the count of its trade by the statement that records it, also one that is refused at once;
 * - one unfinished attempt per trade, and one per position among its exits, are unique indexes: code that is wrong collides.
 */
import { eq, type SQL, sql } from "drizzle-orm";
import { type DailyUse, dayOf } from "../account/account.ts";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import type { Amount } from "../money/amount.ts";
import { attempt } from "./attempt.sql.ts";
import {
  ATTEMPT_MOVES,
  type Attempt,
  type AttemptStatus,
  DEAD_ATTEMPTS,
  type Failing,
  type OnChainError,
} from "./attempt.ts";
import { COMES_LATER, happened, happenedAlone, judgedRows, numeric, timestamp, WANTED } from "./judged.ts";
import { DRAFT_LIFE_MS } from "./policy.ts";
import { attemptOf } from "./trade.row.ts";
import type { TradeFailure } from "./trade.ts";

export type AttemptDraft = Pick<
  Attempt,
  | "attemptId"
  | "tradeId"
  | "number"
  | "follows"
  | "message"
  | "blockhash"
  | "lastValidBlockHeight"
  | "slippageBps"
  | "quotedOut"
  | "minimumOut"
  | "route"
  | "draftedAt"
>;

export interface AttemptStore {
  find(attemptId: string): Promise<Attempt | null>;
  /** Records the next attempt. False: the trade is not wanted any more, or another attempt is unfinished. */
  draft(draft: AttemptDraft, events?: readonly NewEvent[]): Promise<boolean>;
  /**
   * Stores the signature of a drafted attempt. False: it is not drafted any more, too old, or its trade is not wanted.
   *
   * @param use - Of an entry: what it uses of its account's day, once for all of its attempts. False also when that is not left.
   */
  sign(attemptId: string, signature: string, at: Date, use?: DailyUse | null): Promise<boolean>;
  /** Records an attempt that is not to be made, with the reason. Its message is not kept: there may be one a minute, for long. */
  refuse(draft: AttemptDraft, refusal: Failing): Promise<boolean>;
  /** Gives up a drafted attempt; null: whoever drafted it never came back. */
  abandon(attemptId: string, refusal: Failing | null): Promise<boolean>;
  /** A live attempt is proven unable to land: one setback more of its trade. */
  expire(attemptId: string, at: Date, events?: readonly NewEvent[]): Promise<boolean>;
  /** A live attempt landed with an error, at `finalized`: one setback more of its trade, and its fee is the position's. */
  fail(
    attemptId: string,
    cause: OnChainError,
    feeQuote: Amount | null,
    at: Date,
    events?: readonly NewEvent[],
  ): Promise<boolean>;
}

export function attemptStore(db: Database): AttemptStore {
  return {
    async find(attemptId) {
      const [row] = await db.select().from(attempt).where(eq(attempt.attemptId, attemptId));
      return row ? attemptOf(row) : null;
    },

    draft: (draft, events = []) => insertNext(db, draft, ATTEMPT_MOVES.sign.from[0], null, events),

    refuse: (draft, refusal) => insertNext(db, { ...draft, message: "" }, ATTEMPT_MOVES.abandon.to, refusal, []),

    // The same signature twice is the same transaction twice: it may not stand for two attempts.
    sign: (attemptId, signature, at, use = null) =>
      happenedAlone(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.sign.from} and ${WANTED}
            and a.drafted_at > ${timestamp(new Date(at.getTime() - DRAFT_LIFE_MS))}`,
        )},
        touched as (
          update position p set event_sequence = p.event_sequence from judged where p.position_id = judged.position_id
        ), ${metered(use, at)}
        update attempt
        set status = ${ATTEMPT_MOVES.sign.to}, signature = ${signature}, signed_at = ${timestamp(at)}
        from judged
        where attempt.attempt_id = judged.attempt_id
          and (${use === null}::boolean or ${SIGNED_BEFORE} or exists (select from metered))
        returning attempt.attempt_id`,
      ),

    abandon: (attemptId, refusal) =>
      happened(
        db,
        sql`
        update attempt set status = ${ATTEMPT_MOVES.abandon.to}, error = ${refusal?.error ?? null},
          cause = ${refusal?.cause ?? null}
        where attempt_id = ${attemptId} and status in ${ATTEMPT_MOVES.abandon.from}
        returning attempt_id`,
      ),

    expire: (attemptId, at, events = []) =>
      happened(
        db,
        sql`
        with ${judgedRows(attemptId, sql`a.status in ${ATTEMPT_MOVES.expire.from}`)},
        expired as (
          update attempt set status = ${ATTEMPT_MOVES.expire.to}, ended_at = ${timestamp(at)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), ${setBack("it did not land while it could")},
        touched as (
          update position p set event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    fail: (attemptId, { error, cause, feeLamports }, feeQuote, at, events = []) =>
      happened(
        db,
        sql`
        with ${judgedRows(attemptId, sql`a.status in ${ATTEMPT_MOVES.error.from}`)},
        errored as (
          update attempt set status = ${ATTEMPT_MOVES.error.to}, error = ${error}, cause = ${cause},
            ended_at = ${timestamp(at)}, fee_lamports = ${numeric(feeLamports)}, fee_quote = ${numeric(feeQuote)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), touched as (
          update position p set fees_lamports = p.fees_lamports + ${numeric(feeLamports)},
            fees_quote = p.fees_quote + ${numeric(feeQuote)},
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${setBack(error)}, ${tell(events, at)}
        select attempt_id from judged`,
      ),
  };
}

/** An earlier attempt of the trade was signed: what it uses of its account's day is counted. */
const SIGNED_BEFORE = sql`exists (
  select from attempt earlier where earlier.trade_id = judged.trade_id and earlier.signature is not null
)`;

/** What the entry uses of its account's day, counted while there is as much of it left. */
function metered(use: DailyUse | null, at: Date): SQL {
  const used = sql`(case when account.daily_use_on = ${dayOf(at)} then account.daily_use else 0 end)`;
  const asked = numeric(use?.asked ?? null);
  return sql`metered as (
    update account set daily_use = ${used} + ${asked}, daily_use_on = ${dayOf(at)}
    from judged
    where account.account_id = judged.account_id and not ${SIGNED_BEFORE} and ${used} + ${asked} <= ${numeric(use?.max ?? null)}
    returning account.account_id
  )`;
}

/** The next attempt of its trade, in the status it is to have; whoever makes one has no turn and no pause any more. */
function insertNext(
  db: Database,
  draft: AttemptDraft,
  status: AttemptStatus,
  refusal: Failing | null,
  events: readonly NewEvent[],
): Promise<boolean> {
  return happenedAlone(
    db,
    sql`
      with wanted as (
        select t.trade_id, t.kind, p.position_id
        from position p join trade t on t.position_id = p.position_id
        where t.trade_id = ${draft.tradeId} and t.attempts = ${draft.number}::int - 1 and ${WANTED} and not ${COMES_LATER}
          and (${draft.follows}::text is null or exists (
            select from attempt where attempt_id = ${draft.follows} and trade_id = ${draft.tradeId}
              and status in ${DEAD_ATTEMPTS}
          ))
        for update of p, t
      ), counted as (
        update trade set attempts = ${draft.number}::int, retry_at = null, turn_until = null
        from wanted where trade.trade_id = wanted.trade_id
      ), touched as (
        update position p set event_sequence = p.event_sequence + ${events.length}::int
        from wanted where p.position_id = wanted.position_id
        returning p.position_id, p.event_sequence
      ), ${tell(events, draft.draftedAt)}
      insert into attempt (attempt_id, trade_id, position_id, kind, number, follows, status, message, blockhash,
        last_valid_block_height, slippage_bps, quoted_out, minimum_out, route, error, cause, drafted_at)
      select ${draft.attemptId}, trade_id, position_id, kind, ${draft.number}::int, ${draft.follows}, ${status},
        ${draft.message}, ${draft.blockhash}, ${draft.lastValidBlockHeight.toString()}::bigint,
        ${draft.slippageBps}::smallint, ${numeric(draft.quotedOut)}, ${numeric(draft.minimumOut)}, ${JSON.stringify(draft.route)}::jsonb,
        ${refusal?.error ?? null}, ${refusal?.cause ?? null}, ${timestamp(draft.draftedAt)}
      from wanted
      returning attempt_id`,
  );
}

/** The attempt is dead, and was not before: one setback more of its trade, and nobody has to wait before the next one. */
const setBack = (message: string): SQL => sql`set_back as (
  update trade set retry_at = null, setbacks = setbacks + 1,
    setback = ${JSON.stringify({ code: "TRANSACTION_FAILED", message } satisfies TradeFailure)}::jsonb
  from judged where trade.trade_id = judged.trade_id and judged.was = 'live'
)`;
