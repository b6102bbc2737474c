/**
 * Fills in Postgres: what a landed attempt does to its trade and position.
 *
 * Invariants:
 * - every operation is one statement, conditional on the statuses it judges, and its outbox rows come from the rows it changed;
 * - a fill is added to the position's totals by the statement that lands it, corrected by the one that moves it and taken
 *   back by the one that forks it away, each exactly once;
 * - an entry is taken back only while no exit has taken from its position, or may: else it stays booked, in doubt, until it is
 *   proven what became of it and nothing of the exits can change any more;
 * - what exits took beyond what entered is booked on their attempts alone: it was other holdings of the wallet;
 * - a position closes by the statement that makes the last of its entry and its exits final.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import { type Amount, ZERO } from "../money/amount.ts";
import type { Price } from "../money/price.ts";
import { held, POSITION_MOVES, type Position, type PositionStatus } from "../position/position.ts";
import type { CloseReason } from "../stop/stop.ts";
import { ATTEMPT_MOVES, type Fill, type OnChainError, UNFINISHED_ATTEMPTS } from "./attempt.ts";
import {
  ENTRY_FINAL,
  exitAttempt,
  HELD,
  happened,
  happenedAlone,
  judgedRows,
  numeric,
  timestamp,
  UNCHANGED,
} from "./judged.ts";
import { TRADE_MOVES, type TradeFailure, type TradeStatus, UNFINISHED_TRADES } from "./trade.ts";

/** A position as it was seen: with one fill more, or less, it is another one. */
type Seen = Pick<Position, "status" | "exiting" | "totals">;

/** What exits moved, as far as their position is concerned. */
type Share = Pick<Fill, "amountIn" | "amountOut">;

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
  readonly position: Seen;
  /** Whether the position takes what moved; the fee it takes anyhow. */
  readonly counts: boolean;
  /** Nothing is held any more, and no exit is on its way: the position is over. */
  readonly closes: CloseReason | null;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

/** The fill of an exit that took more than its position held. */
export interface LandingBeyond {
  readonly attemptId: string;
  readonly fill: Fill;
  readonly feeQuote: Amount | null;
  /** What was seen. */
  readonly position: Seen;
  /** What of it was the position's; the fee is that anyhow. */
  readonly share: Share;
  readonly events: readonly NewEvent[];
  /** Told as well if the position is over with it. */
  readonly ending: readonly NewEvent[];
  readonly at: Date;
}

/** What becomes of a position when a swap of it stands in another block. */
export interface Correction {
  /** What was seen. */
  readonly position: Seen;
  /** What is left of its exits when its entry has brought less than they took; null: what they are booked with. */
  readonly exits: Share | null;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

/** An entry that was booked, under exits, and is proven not to have happened. */
export interface LostEntry {
  readonly attemptId: string;
  /** What was seen. */
  readonly position: Seen;
  /** It landed with this error, at `finalized`; null: it cannot land any more. */
  readonly error: OnChainError | null;
  readonly feeQuote: Amount | null;
  readonly failure: TradeFailure;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface FillStore {
  /**
   * Books the fill of a live attempt seen at `confirmed`. False also when another one of its trade, or of its position's exits,
   * is unfinished.
   *
   * @throws when an exit spends more than is held.
   */
  land(landing: Landing): Promise<boolean>;
  /**
   * Books the fill of an expired attempt seen at `finalized`, leaving its trade as it is. False also when that would close a
   * position whose entry is not final.
   */
  landLate(late: LateLanding): Promise<boolean>;
  /**
   * The live attempt of an exit is final, and took more than its position held. If with it all of the position is final, its
   * entry and its exits, the position is closed.
   */
  landBeyond(beyond: LandingBeyond): Promise<boolean>;
  /**
   * The landed attempt is final; if with it all of its position is, its entry and its exits, closes one of which nothing is held
   * any more. Opens one again of which something is left that no other exit is meant for. `dust`: what is held and is to be
   * left where it is. `events` are told if one of the two happens.
   */
  finalize(attemptId: string, judged: Seen, dust: Amount, events: readonly NewEvent[], at: Date): Promise<boolean>;
  /**
   * A landed attempt stands in another block than was booked, perhaps with other amounts; false: all of that is booked already.
   * With `exits` it is an entry; false also when an exit of its position is not over.
   *
   * @throws without `exits`, when an entry brought less than has left.
   */
  move(attemptId: string, fill: Fill, feeQuote: Amount | null, correction: Correction): Promise<boolean>;
  /**
   * A landed attempt's block was forked away: takes its fill back. False also for an entry of which something has left, or may
   * by an exit that is signed.
   */
  fork(attemptId: string, judged: PositionStatus, events: readonly NewEvent[], at: Date): Promise<boolean>;
  /**
   * A landed entry is not where it was booked, and cannot be taken back: nothing more is signed for its position until it is
   * there again, or lost. False: it is so already.
   */
  doubt(attemptId: string): Promise<boolean>;
  /**
   * A landed entry did not happen, and never will: takes it back together with what its position's exits are booked with, and
   * aborts the position. False also while an exit has an attempt that is not over.
   */
  lose(lost: LostEntry): Promise<boolean>;
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
          sql`a.status in ${ATTEMPT_MOVES.late.from} and t.status = ${trade} and ${asSeen(position)}
            and (${closes === null}::boolean or ${ENTRY_FINAL})`,
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

    landBeyond: ({ attemptId, fill, feeQuote, position, share, events, ending, at }) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status = 'live' and t.kind = 'exit' and t.status in ${TRADE_MOVES.confirm.from} and ${asSeen(position)}
            and ${UNCHANGED}`,
        )},
        outcome as (
          select p.status in ${POSITION_MOVES.finish.from} and ${HELD} = ${numeric(share.amountIn)}
            and p.exiting = judged.amount_in and ${ENTRY_FINAL} as closes
          from judged join position p on p.position_id = judged.position_id
        ), beyond as (
          update attempt set status = ${ATTEMPT_MOVES.finalize.to}, landed_at = ${timestamp(at)}, ended_at = ${timestamp(at)},
            ${columnsOf(fill, feeQuote)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), finalized as (
          update trade set status = ${TRADE_MOVES.finalize.to}, confirmed_at = ${timestamp(at)},
            finalized_at = ${timestamp(at)}, setbacks = 0, setback = null
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set ${booked(valuesOf({ ...fill, ...share }, feeQuote))},
            exiting = p.exiting - ${MEANT},
            status = case when closes then ${POSITION_MOVES.finish.to} else p.status end,
            closed_at = case when closes then ${timestamp(at)} else p.closed_at end,
            event_sequence = p.event_sequence + ${events.length}::int
              + case when closes then ${ending.length}::int else 0 end
          from judged, outcome where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence,
            ${events.length}::int + case when closes then ${ending.length}::int else 0 end as told
        ), ${tell([...events, ...ending], at, TOLD)}
        select attempt_id from judged`,
      ),

    move: (attemptId, fill, feeQuote, { position, exits, events, at }) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status = ${ATTEMPT_MOVES.land.to} and ${asSeen(position)} and (${standsElsewhere(fill)} or (p.in_doubt and t.kind = 'entry'))
            ${exits ? sql`and t.kind = 'entry' and not ${exitAttempt(UNFINISHED_ATTEMPTS)} and ${UNCHANGED}` : sql``}`,
        )},
        moved as (
          update attempt set ${columnsOf(fill, feeQuote)} from judged where attempt.attempt_id = judged.attempt_id
        ), touched as (
          update position p set
            ${booked(
              each(valuesOf(fill, feeQuote), (value, before) => sql`(${value} - ${before})`),
              exits,
            )},
            in_doubt = p.in_doubt and kind <> 'entry',
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    finalize: (attemptId, judged, dust, events, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.finalize.from} and t.status in ${TRADE_MOVES.finalize.from} and ${asSeen(judged)}
            and ${UNCHANGED}`,
        )},
        outcome as (
          select ${finishes(dust)} as closes, ${resumes(dust)} as resumes
          from judged join position p on p.position_id = judged.position_id
        ), final as (
          update attempt set status = ${ATTEMPT_MOVES.finalize.to}, ended_at = ${timestamp(at)}
          from judged where attempt.attempt_id = judged.attempt_id
        ), finalized as (
          update trade set status = ${TRADE_MOVES.finalize.to}, finalized_at = ${timestamp(at)}
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set
            dust = p.dust + case when closes then ${numeric(dust)} else 0 end,
            status = case when closes then ${POSITION_MOVES.finish.to}
              when resumes then ${POSITION_MOVES.resume.to} else p.status end,
            partial = p.partial and not resumes,
            version = case when resumes and not p.partial then p.version + 1 else p.version end,
            close_reason = case when resumes then null when closes then coalesce(p.close_reason, ${UNASKED})
              else p.close_reason end,
            closed_at = case when closes then ${timestamp(at)} else p.closed_at end,
            in_doubt = p.in_doubt and kind <> 'entry',
            event_sequence = p.event_sequence + case when closes or resumes then ${events.length}::int else 0 end
          from judged, outcome where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence,
            case when closes or resumes then ${events.length}::int else 0 end as told
        ), ${tell(events, at, TOLD)}
        select attempt_id from judged`,
      ),

    // The rule gets a new version, so that a book which has dropped the old one takes it again when the entry lands again.
    fork: (attemptId, judged, events, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.fork.from} and t.status in ${TRADE_MOVES.fork.from} and p.status = ${judged}
            and (t.kind = 'exit' or (${LEFT} = 0 and not ${exitAttempt(["live", "landed"])} and ${UNCHANGED}))`,
        )},
        forked as (
          update attempt set status = ${ATTEMPT_MOVES.fork.to}, landed_at = null, ${NOTHING_MOVED},
            fee_lamports = null, fee_quote = null
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
            in_doubt = p.in_doubt and kind <> 'entry',
            event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    doubt: (attemptId) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.fork.from} and t.status in ${TRADE_MOVES.fork.from} and t.kind = 'entry'
            and not p.in_doubt`,
        )}
        update position p set in_doubt = true from judged where p.position_id = judged.position_id
        returning p.position_id`,
      ),

    // Its fork, its end and that of its position, of which nothing in between would be true.
    lose: ({ attemptId, position, error, feeQuote, failure, events, at }) =>
      happened(
        db,
        sql`
        with ${judgedRows(
          attemptId,
          sql`a.status in ${ATTEMPT_MOVES.fork.from} and t.status in ${TRADE_MOVES.fork.from} and t.kind = 'entry'
            and p.status in ${[...POSITION_MOVES.fork.from, ...POSITION_MOVES.abort.from]} and ${asSeen(position)}
            and not ${exitAttempt(UNFINISHED_ATTEMPTS)} and ${UNCHANGED}`,
        )},
        lost as (
          update attempt set status = ${error === null ? ATTEMPT_MOVES.expire.to : ATTEMPT_MOVES.error.to},
            landed_at = null, ended_at = ${timestamp(at)}, ${NOTHING_MOVED},
            fee_lamports = ${numeric(error?.feeLamports ?? null)}, fee_quote = ${numeric(error && feeQuote)},
            error = ${error?.error ?? null}, cause = ${error?.cause ?? null}
          from judged where attempt.attempt_id = judged.attempt_id
        ), failed as (
          update trade set status = ${TRADE_MOVES.fail.to}, failure = ${JSON.stringify(failure)}::jsonb,
            confirmed_at = null, ended_at = ${timestamp(at)}
          from judged where trade.trade_id = judged.trade_id
        ), superseded as (
          update trade set status = ${TRADE_MOVES.supersede.to}, ended_at = ${timestamp(at)}
          from judged
          where trade.position_id = judged.position_id and trade.kind = 'exit'
            and trade.status in ${TRADE_MOVES.supersede.from}
        ), touched as (
          update position p set
            ${booked(
              {
                ...each(JUDGED_FILL, (value) => sql`-${value}`),
                feeLamports: sql`(${numeric(error?.feeLamports ?? ZERO)} - ${JUDGED_FILL.feeLamports})`,
                feeQuote: sql`(${numeric(error ? feeQuote : ZERO)} - ${JUDGED_FILL.feeQuote})`,
              },
              { amountIn: ZERO, amountOut: ZERO },
            )},
            missing = 0, dust = 0, exiting = 0, in_doubt = false,
            status = ${POSITION_MOVES.abort.to}, closed_at = ${timestamp(at)},
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

/** What is not held any more of what entered the position `p`. */
const LEFT = sql`(p.exit_in + p.missing + p.dust)`;

/** The position `p` is as it was seen. */
const asSeen = ({ status, exiting, totals }: Seen): SQL => sql`(p.status = ${status} and p.exiting = ${numeric(exiting)}
  and ${HELD} = ${numeric(held(totals))} and p.exit_in = ${numeric(totals.exitIn)})`;

/** Another block than is booked for the attempt `a`, or other amounts. */
const standsElsewhere = ({ slot, amountIn, amountOut, feeLamports }: Fill): SQL => sql`(
  a.slot <> ${slot.toString()}::bigint or a.fill_in <> ${numeric(amountIn)} or a.fill_out <> ${numeric(amountOut)}
  or a.fee_lamports <> ${numeric(feeLamports)}
)`;

/** No exit of the position `p` is unfinished. */
const EXITS_OVER = sql`not exists (
  select from trade exit where exit.position_id = p.position_id and exit.kind = 'exit' and exit.status in ${UNFINISHED_TRADES}
)`;

/** With this attempt all of the position is final, and nothing is left of what entered but for the dust. */
const finishes = (dust: Amount): SQL => sql`(p.status in ${POSITION_MOVES.finish.from}
  and p.exiting = 0 and ${HELD} = ${numeric(dust)} and case kind when 'exit' then ${ENTRY_FINAL} else ${EXITS_OVER} end)`;

/** Something is left, and no exit is meant for it: it is watched again, and may be closed again. */
const resumes = (dust: Amount): SQL => sql`(p.status in ${POSITION_MOVES.resume.from}
  and p.exiting = 0 and ${HELD} > ${numeric(dust)} and (kind = 'exit' or ${EXITS_OVER}))`;

/** Of a position that nobody was closing. */
const UNASKED: CloseReason = "closed_externally";

/** How many of its events a statement tells that decides it by its rows. */
const TOLD = sql`touched.told`;

const NOTHING_MOVED = sql`fill_in = null, fill_out = null, tip_lamports = null, rent_lamports = null, slot = null`;

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

/** The position's totals with what one trade moved added to them. `exits`: what its exits are booked with, instead. */
function booked(fill: FillColumns, exits: Share | null = null): SQL {
  const moved = (column: string, kind: string, value: SQL) =>
    sql`${sql.raw(column)} = p.${sql.raw(column)} + case when kind = ${kind} then ${value} else 0 end`;
  return sql`
    ${moved("entry_in", "entry", fill.amountIn)},
    ${moved("entry_out", "entry", fill.amountOut)},
    ${exits ? sql`exit_in = ${numeric(exits.amountIn)}` : moved("exit_in", "exit", fill.amountIn)},
    ${exits ? sql`exit_out = ${numeric(exits.amountOut)}` : moved("exit_out", "exit", fill.amountOut)},
    fees_lamports = p.fees_lamports + ${fill.feeLamports} + ${fill.tipLamports},
    rent_lamports = p.rent_lamports + ${fill.rentLamports},
    fees_quote = p.fees_quote + ${fill.feeQuote}`;
}
