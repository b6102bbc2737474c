/**
 * Fills in Postgres: what a landed attempt does to its trade and position.
 *
 * Invariants:
 * - every operation is one statement, conditional on the statuses it judges, and its outbox rows come from the rows it changed;
 * - a fill is added to the position's totals by the statement that lands it, corrected by the one that moves it and taken
 *   back by the one that forks it away, each exactly once;
 * - a position closes by the statement that makes its last exit final.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import { type Amount, ZERO } from "../money/amount.ts";
import type { Price } from "../money/price.ts";
import { held, POSITION_MOVES, type Position, type PositionStatus } from "../position/position.ts";
import type { CloseReason } from "../stop/stop.ts";
import { ATTEMPT_MOVES, type Fill } from "./attempt.ts";
import { HELD, happened, happenedAlone, judgedRows, numeric, timestamp } from "./judged.ts";
import { TRADE_MOVES, type TradeStatus } from "./trade.ts";

export interface Landing {
  readonly attemptId: string;
  readonly fill: Fill;
  /** The fee's value in base units of the quote; null: not known. */
  readonly feeQuote: Amount | null;
  /** The status the position was judged in. */
  readonly judged: PositionStatus;
  /** Of an entry: its average price, where the mark of its stop begins. */
  readonly entryPrice: Price | null;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

/** The fill of an attempt that was taken for dead, beside whatever its trade has become. */
export interface LateLanding {
  readonly attemptId: string;
  readonly fill: Fill;
  readonly feeQuote: Amount | null;
  /** What was seen. */
  readonly trade: TradeStatus;
  readonly position: Pick<Position, "status" | "exiting" | "totals">;
  /** Whether the position takes what moved; the fee it takes anyhow. */
  readonly counts: boolean;
  /** Nothing is held any more, and no exit is on its way: the position is over. */
  readonly closes: CloseReason | null;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface FillStore {
  /** Books the fill of a live attempt seen at `confirmed`. False also when another one of its trade, or of its position's exits, is unfinished. */
  land(landing: Landing): Promise<boolean>;
  /** Books the fill of an expired attempt seen at `finalized`, leaving its trade as it is. */
  landLate(late: LateLanding): Promise<boolean>;
  /**
   * The landed attempt is final; closes a position of which nothing is held any more, and opens one again of which something
   * is left that no other exit is meant for. `dust`: what is held and is to be left where it is.
   */
  finalize(
    attemptId: string,
    judged: Pick<Position, "status" | "exiting" | "totals">,
    dust: Amount,
    events: readonly NewEvent[],
    at: Date,
  ): Promise<boolean>;
  /** A landed attempt stands in another block than was booked, perhaps with other amounts. */
  move(attemptId: string, fill: Fill, feeQuote: Amount | null): Promise<boolean>;
  /** A landed attempt's block was forked away: takes its fill back. */
  fork(attemptId: string, judged: PositionStatus, events: readonly NewEvent[], at: Date): Promise<boolean>;
}

export function fillStore(db: Database): FillStore {
  return {
    land: ({ attemptId, fill, feeQuote, judged, entryPrice, events, at }) =>
      happenedAlone(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.land.from} and t.status in ${TRADE_MOVES.confirm.from} and p.status = ${judged}`,
        )},
        landed as (
          update attempt set status = ${ATTEMPT_MOVES.land.to}, landed_at = ${timestamp(at)},
            ended_at = null,
            ${columnsOf(fill, feeQuote)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), confirmed as (
          update trade set status = ${TRADE_MOVES.confirm.to}, confirmed_at = ${timestamp(at)}, setbacks = 0, setback = null
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set ${booked(valuesOf(fill, feeQuote))},
            exiting = p.exiting - ${MEANT},
            status = case when kind = 'entry' and p.status in ${POSITION_MOVES.open.from}
              then ${POSITION_MOVES.open.to} else p.status end,
            opened_at = case when kind = 'entry' then ${timestamp(at)} else p.opened_at end,
            entry_price = case when kind = 'entry' then ${entryPrice}::float8 else p.entry_price end,
            high_water_mark = case when kind = 'entry' then ${entryPrice}::float8 else p.high_water_mark end,
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    landLate: ({ attemptId, fill, feeQuote, trade, position, counts, closes, events, at }) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.late.from} and t.status = ${trade} and p.status = ${position.status}
            and p.exiting = ${numeric(position.exiting)} and ${HELD} = ${numeric(held(position.totals))}`,
        )},
        late as (
          update attempt set status = ${ATTEMPT_MOVES.late.to}, landed_at = ${timestamp(at)}, ended_at = ${timestamp(at)},
            ${columnsOf(fill, feeQuote)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), touched as (
          update position p set ${booked(valuesOf(counts ? fill : { ...fill, amountIn: ZERO, amountOut: ZERO }, feeQuote))},
            status = case when ${closes !== null}::boolean then ${POSITION_MOVES.finish.to} else p.status end,
            close_reason = coalesce(p.close_reason, ${closes}),
            closed_at = case when ${closes !== null}::boolean then ${timestamp(at)} else p.closed_at end,
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    move: (attemptId, fill, feeQuote) =>
      happened(
        db,
        sql`
        with ${judgedRows(attemptId, sql`a.status = ${ATTEMPT_MOVES.land.to}`)},
        moved as (
          update attempt set ${columnsOf(fill, feeQuote)} from judged where attempt.attempt_id = judged.attempt_id
        ), corrected as (
          update position p set ${booked(each(valuesOf(fill, feeQuote), (value, before) => sql`(${value} - ${before})`))}
          from judged where p.position_id = judged.position_id
        )
        select attempt_id from judged`,
      ),

    finalize: (attemptId, judged, dust, events, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.finalize.from} and t.status in ${TRADE_MOVES.finalize.from}
            and p.status = ${judged.status} and p.exiting = ${numeric(judged.exiting)}
            and ${HELD} = ${numeric(held(judged.totals))}`,
        )},
        final as (
          update attempt set status = ${ATTEMPT_MOVES.finalize.to}, ended_at = ${timestamp(at)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), finalized as (
          update trade set status = ${TRADE_MOVES.finalize.to}, finalized_at = ${timestamp(at)}
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set
            dust = p.dust + ${numeric(dust)},
            status = case when ${done(dust)} then ${POSITION_MOVES.finish.to}
              when ${resumes(dust)} then ${POSITION_MOVES.resume.to} else p.status end,
            partial = p.partial and not ${resumes(dust)},
            version = case when ${resumes(dust)} and not p.partial then p.version + 1 else p.version end,
            close_reason = case when ${resumes(dust)} then null else p.close_reason end,
            closed_at = case when ${done(dust)} then ${timestamp(at)} else p.closed_at end,
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
            fee_lamports = null, tip_lamports = null, rent_lamports = null, fee_quote = null, slot = null
          from judged where attempt.attempt_id = judged.attempt_id
        ), unconfirmed as (
          update trade set status = ${TRADE_MOVES.fork.to}, confirmed_at = null
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set ${booked(each(JUDGED_FILL, (value) => sql`-${value}`))},
            exiting = p.exiting + ${MEANT},
            status = case when kind = 'entry' and p.status in ${POSITION_MOVES.fork.from}
              then ${POSITION_MOVES.fork.to} else p.status end,
            version = case when kind = 'entry' then p.version + 1 else p.version end,
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),
  };
}

/** What an exit was planned to spend: from its plan until its fill is booked it is meant for nothing else. */
const MEANT = sql`case when kind = 'exit' then judged.amount_in else 0 end`;

/** After this exit nothing is left of what entered, but for the dust. */
const done = (dust: Amount): SQL => sql`(kind = 'exit' and p.status in ${POSITION_MOVES.finish.from}
  and ${HELD} = ${numeric(dust)})`;

/** Something is left, and no exit is meant for it: it is watched again, and may be closed again. */
const resumes = (dust: Amount): SQL => sql`(kind = 'exit' and p.status in ${POSITION_MOVES.resume.from}
  and p.exiting = 0 and ${HELD} > ${numeric(dust)})`;

type FillColumns = Readonly<
  Record<"amountIn" | "amountOut" | "feeLamports" | "tipLamports" | "rentLamports" | "feeQuote", SQL>
>;

const JUDGED_FILL: FillColumns = {
  amountIn: sql`judged.fill_in`,
  amountOut: sql`judged.fill_out`,
  feeLamports: sql`judged.fee_lamports`,
  tipLamports: sql`coalesce(judged.tip_lamports, 0)`,
  rentLamports: sql`judged.rent_lamports`,
  feeQuote: sql`judged.fee_quote`,
};

const valuesOf = (fill: Fill, feeQuote: Amount | null): FillColumns => ({
  amountIn: numeric(fill.amountIn),
  amountOut: numeric(fill.amountOut),
  feeLamports: numeric(fill.feeLamports),
  tipLamports: numeric(fill.tipLamports),
  rentLamports: numeric(fill.rentLamports),
  feeQuote: numeric(feeQuote),
});

/** Each value, seen beside the one that is booked. */
const each = (fill: FillColumns, change: (value: SQL, booked: SQL) => SQL): FillColumns => ({
  amountIn: change(fill.amountIn, JUDGED_FILL.amountIn),
  amountOut: change(fill.amountOut, JUDGED_FILL.amountOut),
  feeLamports: change(fill.feeLamports, JUDGED_FILL.feeLamports),
  tipLamports: change(fill.tipLamports, JUDGED_FILL.tipLamports),
  rentLamports: change(fill.rentLamports, JUDGED_FILL.rentLamports),
  feeQuote: change(fill.feeQuote, JUDGED_FILL.feeQuote),
});

const columnsOf = (fill: Fill, feeQuote: Amount | null): SQL => sql`
  fill_in = ${numeric(fill.amountIn)}, fill_out = ${numeric(fill.amountOut)},
  fee_lamports = ${numeric(fill.feeLamports)}, tip_lamports = ${numeric(fill.tipLamports)}, rent_lamports = ${numeric(fill.rentLamports)},
  fee_quote = ${numeric(feeQuote)}, slot = ${fill.slot.toString()}::bigint`;

/** The position's totals with what one trade moved added to them. */
function booked(fill: FillColumns): SQL {
  const moved = (column: string, kind: string, value: SQL) =>
    sql`${sql.raw(column)} = p.${sql.raw(column)} + case when kind = ${kind} then ${value} else 0 end`;
  return sql`
    ${moved("entry_in", "entry", fill.amountIn)},
    ${moved("entry_out", "entry", fill.amountOut)},
    ${moved("exit_in", "exit", fill.amountIn)},
    ${moved("exit_out", "exit", fill.amountOut)},
    fees_lamports = p.fees_lamports + ${fill.feeLamports} + ${fill.tipLamports},
    rent_lamports = p.rent_lamports + ${fill.rentLamports},
    fees_quote = p.fees_quote + ${fill.feeQuote}`;
}
