import pg from "pg";

type Row = Readonly<Record<string, unknown>>;

/** Everything that is recorded of an account, as it stands in the tables: whoever asks twice sees every difference. */
export interface AccountRows {
  readonly positions: readonly Row[];
  readonly trades: readonly Row[];
  readonly attempts: readonly Row[];
  readonly triggers: readonly Row[];
  readonly events: readonly Row[];
}

const QUERIES = {
  positions: "select * from position where account_id = $1 order by position_id",
  trades: "select * from trade where account_id = $1 order by planned_at, trade_id",
  attempts: "select a.* from attempt a join trade t using (trade_id) where t.account_id = $1 order by attempt_id",
  triggers:
    "select g.* from trigger g join position p using (position_id) where p.account_id = $1 order by g.position_id",
  events:
    "select o.* from outbox o join position p using (position_id) where p.account_id = $1 order by position_id, position_sequence",
} as const satisfies Record<keyof AccountRows, string>;

/** Asks the PostgreSQL at `url` itself, past everything that is tested. */
export async function accountRows(url: string, accountId: string): Promise<AccountRows> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const ask = async (query: string): Promise<readonly Row[]> => (await client.query(query, [accountId])).rows;
    return {
      positions: await ask(QUERIES.positions),
      trades: await ask(QUERIES.trades),
      attempts: await ask(QUERIES.attempts),
      triggers: await ask(QUERIES.triggers),
      events: await ask(QUERIES.events),
    };
  } finally {
    await client.end();
  }
}
