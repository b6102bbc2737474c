/**
 * What of an account's wallet is not there for new entries, by mint: what live positions hold, and what entries on their way
 * will spend and may have brought, and what exits have spent that is not final: a fork gives that back to the wallet, and it is
 * their positions' again; and what the operator is taking out.
 */
import { type SQL, sql } from "drizzle-orm";
import { HELD } from "../trade/judged.ts";
import { MOVING_TRADES } from "../trade/trade.ts";
import { SPENDING_TRANSFERS, UNFINISHED_TRANSFERS } from "../transfer/transfer.ts";

/**
 * What an entry on its way has brought may be more than it was quoted, and nobody knows how much; while it is on its way no
 * market doubles.
 */
export const QUOTED_TIMES = 2;

/**
 * Rows of `mint` and `amount`, to be summed. `since`: what was booked after it is counted once more, as spent: a balance of
 * that time may not show it.
 */
export const committedRows = (accountId: string, since: Date): SQL => sql`
  select case p.side when 'buy' then m.base_mint else m.quote_mint end as mint, ${HELD} as amount
  from position p join market m on m.symbol = p.symbol
  where p.account_id = ${accountId} and p.status in ('open', 'closing')
  union all
  select t.input_mint, t.amount_in from trade t
  where t.account_id = ${accountId} and t.kind = 'entry'
    and t.status in ${MOVING_TRADES}
  union all
  select t.input_mint, t.amount_in from trade t
  where t.account_id = ${accountId} and t.confirmed_at >= ${since.toISOString()}::timestamptz
  union all
  select t.input_mint, t.amount_in from trade t join attempt a on a.trade_id = t.trade_id
  where t.account_id = ${accountId} and t.kind = 'exit' and t.status = 'confirmed' and a.status = 'landed'
  union all
  select t.output_mint, a.quoted_out * ${QUOTED_TIMES} from trade t join attempt a on a.trade_id = t.trade_id
  where t.account_id = ${accountId} and t.kind = 'entry' and t.status in ${MOVING_TRADES}
    and a.status = 'live'
  union all
  select f.mint, f.amount from transfer f
  where f.account_id = ${accountId} and f.kind in ${SPENDING_TRANSFERS} and f.mint is not null
    and (f.status in ${UNFINISHED_TRANSFERS} or (f.status = 'final' and f.ended_at >= ${since.toISOString()}::timestamptz))`;
