/**
 * The pieces that the statements on trades and attempts share: which rows they judge, and that judging locks them.
 *
 * Rows are locked position first, then trade, then attempt, in every statement, so that two of them cannot deadlock. Whatever
 * plans or signs something of a position, or ends what was signed, also updates its row, so that who judges by more rows than
 * it locks can see that.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { uniqueViolation } from "../db/error.ts";
import type { AttemptStatus } from "./attempt.ts";
import { MOVING_TRADES } from "./trade.ts";

/** What the position `p` still holds of what entered it. */
export const HELD = sql`(p.entry_out - p.exit_in - p.missing - p.dust)`;

/**
 * An attempt may be made, and signed, only for these: entries of a position still opening, and exits of one that is
 * closing and holds what they spend. An exit whose entry was forked away would sell what belongs to another position.
 */
export const WANTED = sql`t.status in ${MOVING_TRADES}
  and (
    (t.kind = 'entry' and p.status = 'opening')
    or (t.kind = 'exit' and p.status = 'closing' and not p.in_doubt and ${HELD} >= t.amount_in)
  )`;

/**
 * The position `p`, once it is locked, is the row that the statement has seen when it began. Every other row is seen as of
 * then, whatever was waited for in between: with this, what was seen of the position's trades and attempts is so still.
 */
export const UNCHANGED = sql`p.xmin = (select seen.xmin from position seen where seen.position_id = p.position_id)`;

/** The entry of the position `p` is final, which it stays. */
export const ENTRY_FINAL = sql`exists (
  select from trade entry where entry.position_id = p.position_id and entry.kind = 'entry' and entry.status = 'finalized'
)`;

/** An exit of the position `p` has an attempt in one of these statuses. */
export const exitAttempt = (statuses: readonly AttemptStatus[]): SQL => sql`exists (
  select from attempt exit where exit.position_id = p.position_id and exit.kind = 'exit' and exit.status in ${statuses}
)`;

/** So many in a row are no bad moment any more. */
export const SETBACKS_MEANT = 3;

/**
 * Of several exits of a position the one that was latched last has the next attempt: a stop does not wait for a part. One that
 * cannot be brought on its way now holds up none of the others.
 */
export const COMES_LATER = sql`exists (
  select from trade later
  where t.kind = 'exit' and later.kind = 'exit' and later.position_id = t.position_id
    and later.status in ${MOVING_TRADES} and later.planned_at > t.planned_at and later.setbacks < ${SETBACKS_MEANT}
)`;

/** The common table expression `judged`: an attempt with its trade and position, locked, while `condition` holds. */
export const judgedRows = (attemptId: string, condition: SQL): SQL => sql`
  judged as (
    select a.attempt_id, a.status as was, t.trade_id, t.kind, t.amount_in, t.account_id, p.position_id,
      a.fill_in, a.fill_out, a.fee_lamports, a.tip_lamports, a.rent_lamports, a.fee_quote
    from position p
    join trade t on t.position_id = p.position_id
    join attempt a on a.trade_id = t.trade_id
    where a.attempt_id = ${attemptId} and ${condition}
    for update of p, t, a
  )`;

/** Whether the statement found its rows as they were judged; false: somebody else has it, an outcome and no error. */
export const happened = async (db: Database, statement: SQL): Promise<boolean> =>
  (await db.execute(statement)).rows.length > 0;

/** The same; false also when a unique index says that somebody else has what there is one of. */
export async function happenedAlone(db: Database, statement: SQL): Promise<boolean> {
  try {
    return await happened(db, statement);
  } catch (error) {
    if (uniqueViolation(error) !== null) return false;
    throw error;
  }
}

export const timestamp = (at: Date): SQL => sql`${at.toISOString()}::timestamptz`;

export const numeric = (value: bigint | null): SQL => sql`${value === null ? null : value.toString()}::numeric`;
