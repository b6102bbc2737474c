/**
 * Attempts in Postgres, with what they do to their trade and position.
 *
 * Invariants:
 * - every operation is one statement, conditional on the statuses it judges, and its outbox rows come from the rows it changed;
 * - one unfinished attempt per trade, and one per position among its exits, are unique indexes: code that is wrong collides;
 * - a fill is added to the position's totals by the statement that lands it, and taken back by the one that forks it away.
 */
import { eq, type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { uniqueViolation } from "../db/error.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import type { Amount } from "../money/amount.ts";
import type { Price } from "../money/price.ts";
import { POSITION_MOVES, type PositionStatus } from "../position/position.ts";
import { attempt } from "./attempt.sql.ts";
import { ATTEMPT_MOVES, type Attempt, DEAD_ATTEMPTS, type Fill, type OnChainError } from "./attempt.ts";
import { happened, judgedRows, numeric, timestamp, WANTED } from "./judged.ts";
import { attemptOf } from "./trade.row.ts";
import { TRADE_MOVES } from "./trade.ts";

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
  | "draftedAt"
>;

export interface Landing {
  readonly attemptId: string;
  readonly fill: Fill;
  /** The fee's value in base units of the quote; null: not known. */
  readonly feeQuote: Amount | null;
  /** The status the position was judged in. */
  readonly judged: PositionStatus;
  /** Of an entry: where the mark of its stop begins. */
  readonly entryPrice: Price | null;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface AttemptStore {
  find(attemptId: string): Promise<Attempt | null>;
  /** Records the next attempt. False: the trade is not wanted any more, or another attempt is unfinished. */
  draft(draft: AttemptDraft): Promise<boolean>;
  /** Stores the signature of a drafted attempt. False: it is not drafted any more, or its trade is not wanted. */
  sign(attemptId: string, signature: string, at: Date): Promise<boolean>;
  /** Gives up a drafted attempt. */
  abandon(attemptId: string): Promise<boolean>;
  /** Books the fill of a live attempt seen at `confirmed`. */
  land(landing: Landing): Promise<boolean>;
  /** The landed attempt is final; closes a position whose exits have spent all that entered it. */
  finalize(attemptId: string, judged: PositionStatus, events: readonly NewEvent[], at: Date): Promise<boolean>;
  /** A landed attempt's block was forked away: takes its fill back. */
  fork(attemptId: string, judged: PositionStatus, events: readonly NewEvent[], at: Date): Promise<boolean>;
  /** A live attempt is proven unable to land. */
  expire(attemptId: string, at: Date): Promise<boolean>;
  /** A live attempt landed with an error, at `finalized`; its fee is the position's. */
  fail(attemptId: string, cause: OnChainError, feeQuote: Amount | null, at: Date): Promise<boolean>;
}

export function attemptStore(db: Database): AttemptStore {
  return {
    async find(attemptId) {
      const [row] = await db.select().from(attempt).where(eq(attempt.attemptId, attemptId));
      return row ? attemptOf(row) : null;
    },

    async draft(draft) {
      try {
        return await happened(
          db,
          sql`
          with wanted as (
            select t.trade_id, t.kind, p.position_id
            from position p join trade t on t.position_id = p.position_id
            where t.trade_id = ${draft.tradeId} and ${WANTED}
            for update of p, t
          )
          insert into attempt (attempt_id, trade_id, position_id, kind, number, follows, status, message, blockhash,
            last_valid_block_height, slippage_bps, quoted_out, minimum_out, drafted_at)
          select ${draft.attemptId}, trade_id, position_id, kind, ${draft.number}::smallint, ${draft.follows}, 'drafted',
            ${draft.message}, ${draft.blockhash}, ${draft.lastValidBlockHeight.toString()}::bigint,
            ${draft.slippageBps}::smallint, ${numeric(draft.quotedOut)},
            ${numeric(draft.minimumOut)}, ${timestamp(draft.draftedAt)}
          from wanted
          where ${draft.follows}::text is null or exists (
            select from attempt where attempt_id = ${draft.follows} and trade_id = ${draft.tradeId}
              and status in ${DEAD_ATTEMPTS}
          )
          returning attempt_id`,
        );
      } catch (error) {
        if (uniqueViolation(error) !== null) return false;
        throw error;
      }
    },

    sign: (attemptId, signature, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(attemptId, sql`a.status in ${ATTEMPT_MOVES.sign.from} and ${WANTED}`)}
        update attempt
        set status = ${ATTEMPT_MOVES.sign.to}, signature = ${signature}, signed_at = ${timestamp(at)}
        from judged where attempt.attempt_id = judged.attempt_id
        returning attempt.attempt_id`,
      ),

    abandon: (attemptId) =>
      happened(
        db,
        sql`
        update attempt set status = ${ATTEMPT_MOVES.abandon.to}
        where attempt_id = ${attemptId} and status in ${ATTEMPT_MOVES.abandon.from}
        returning attempt_id`,
      ),

    land: ({ attemptId, fill, feeQuote, judged, entryPrice, events, at }) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.land.from} and t.status in ${TRADE_MOVES.confirm.from} and p.status = ${judged}`,
        )},
        landed as (
          update attempt set status = ${ATTEMPT_MOVES.land.to}, landed_at = ${timestamp(at)},
            ended_at = null,
            fill_in = ${numeric(fill.amountIn)}, fill_out = ${numeric(fill.amountOut)},
            fee_lamports = ${numeric(fill.feeLamports)},
            rent_lamports = ${numeric(fill.rentLamports)},
            fee_quote = ${numeric(feeQuote)}, slot = ${fill.slot.toString()}::bigint
          from judged where attempt.attempt_id = judged.attempt_id
        ), confirmed as (
          update trade set status = ${TRADE_MOVES.confirm.to}, confirmed_at = ${timestamp(at)}
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set ${booked("+", totalsOf(fill, feeQuote))},
            status = case when kind = 'entry' and p.status in ${POSITION_MOVES.open.from}
              then ${POSITION_MOVES.open.to} else p.status end,
            opened_at = case when kind = 'entry' then ${timestamp(at)} else p.opened_at end,
            high_water_mark = case when kind = 'entry' then ${entryPrice}::float8 else p.high_water_mark end,
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    finalize: (attemptId, judged, events, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.finalize.from} and t.status in ${TRADE_MOVES.finalize.from} and p.status = ${judged}`,
        )},
        final as (
          update attempt set status = ${ATTEMPT_MOVES.finalize.to}, ended_at = ${timestamp(at)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), finalized as (
          update trade set status = ${TRADE_MOVES.finalize.to}, finalized_at = ${timestamp(at)}
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set
            status = case when ${DONE} then ${POSITION_MOVES.finish.to} else p.status end,
            closed_at = case when ${DONE} then ${timestamp(at)} else p.closed_at end,
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    // The rule gets a new version, so that a book which has dropped the old one takes it again when the entry lands again.
    fork: (attemptId, judged, events, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.fork.from} and t.status in ${TRADE_MOVES.fork.from} and p.status = ${judged}`,
        )},
        forked as (
          update attempt set status = ${ATTEMPT_MOVES.fork.to}, landed_at = null, fill_in = null, fill_out = null,
            fee_lamports = null, rent_lamports = null, fee_quote = null, slot = null
          from judged where attempt.attempt_id = judged.attempt_id
        ), unconfirmed as (
          update trade set status = ${TRADE_MOVES.fork.to}, confirmed_at = null
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set ${booked("-", JUDGED_FILL)},
            status = case when kind = 'entry' and p.status in ${POSITION_MOVES.fork.from}
              then ${POSITION_MOVES.fork.to} else p.status end,
            version = case when kind = 'entry' then p.version + 1 else p.version end,
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    expire: (attemptId, at) =>
      happened(
        db,
        sql`
        update attempt set status = ${ATTEMPT_MOVES.expire.to}, ended_at = ${timestamp(at)}
        where attempt_id = ${attemptId} and status in ${ATTEMPT_MOVES.expire.from}
        returning attempt_id`,
      ),

    fail: (attemptId, { error, feeLamports }, feeQuote, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(attemptId, sql`a.status in ${ATTEMPT_MOVES.error.from}`)},
        errored as (
          update attempt set status = ${ATTEMPT_MOVES.error.to}, error = ${error}, ended_at = ${timestamp(at)},
            fee_lamports = ${numeric(feeLamports)}, fee_quote = ${numeric(feeQuote)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), charged as (
          update position p set fees_lamports = p.fees_lamports + ${numeric(feeLamports)},
            fees_quote = p.fees_quote + ${numeric(feeQuote)}
          from judged where p.position_id = judged.position_id
        )
        select attempt_id from judged`,
      ),
  };
}

/** After this exit nothing is left of what entered. */
const DONE = sql`kind = 'exit' and p.status in ${POSITION_MOVES.finish.from} and p.exit_in = p.entry_out`;

type FillColumns = Readonly<Record<"amountIn" | "amountOut" | "feeLamports" | "rentLamports" | "feeQuote", SQL>>;

const JUDGED_FILL: FillColumns = {
  amountIn: sql`judged.fill_in`,
  amountOut: sql`judged.fill_out`,
  feeLamports: sql`judged.fee_lamports`,
  rentLamports: sql`judged.rent_lamports`,
  feeQuote: sql`judged.fee_quote`,
};

const totalsOf = (fill: Fill, feeQuote: Amount | null): FillColumns => ({
  amountIn: numeric(fill.amountIn),
  amountOut: numeric(fill.amountOut),
  feeLamports: numeric(fill.feeLamports),
  rentLamports: numeric(fill.rentLamports),
  feeQuote: numeric(feeQuote),
});

/** The position's totals with one fill of the judged trade added or taken back. */
function booked(sign: "+" | "-", fill: FillColumns): SQL {
  const plus = sql.raw(sign);
  const moved = (column: string, kind: string, value: SQL) =>
    sql`${sql.raw(column)} = p.${sql.raw(column)} ${plus} case when kind = ${kind} then ${value} else 0 end`;
  return sql`
    ${moved("entry_in", "entry", fill.amountIn)},
    ${moved("entry_out", "entry", fill.amountOut)},
    ${moved("exit_in", "exit", fill.amountIn)},
    ${moved("exit_out", "exit", fill.amountOut)},
    fees_lamports = p.fees_lamports ${plus} ${fill.feeLamports},
    rent_lamports = p.rent_lamports ${plus} ${fill.rentLamports},
    fees_quote = p.fees_quote ${plus} ${fill.feeQuote}`;
}
