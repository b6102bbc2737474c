/**
 * Holding statements of somebody else when they have written all their rows and have committed none: there their
 * connections are killed, as a crash does at the worst moment, and there others meet them, as luck does once in a while.
 */
import pg from "pg";

export interface HeldWrites {
  /** From the `nth` statement on that writes anything, counted from 1, whatever writes is held. */
  from(nth: number): Promise<void>;
  /** Null: none is held. */
  held(): Promise<HeldStatement | null>;
  /** How many statements wait: for us, or for rows that one of those has. */
  waiting(): Promise<number>;
  /** Holds nothing any more. */
  release(): Promise<void>;
  close(): Promise<void>;
}

export interface HeldStatement {
  readonly text: string;
  /** Ends its connection, and answers when that is gone. */
  kill(): Promise<void>;
}

const TABLES = ["position", "trade", "attempt", "trigger", "outbox"];

/** The one advisory lock of the database: whoever writes shares it, whoever holds has it alone. */
const LOCK = 1;

/** A killed connection is gone within milliseconds; it reports false after this. */
const DYING_MS = 5_000;

// A row trigger that comes after its statement comes when all of the statement is done, of every table. It counts once in
// a transaction, however many rows that writes. What a sequence has counted is never rolled back.
const INSTALL = `
  create sequence writes;
  create table held_from (nth bigint);
  create function hold_write() returns trigger language plpgsql as $$
    begin
      if current_setting('test.counted', true) is distinct from pg_current_xact_id()::text then
        perform set_config('test.counted', pg_current_xact_id()::text, true);
        if nextval('writes') >= (select nth from held_from) then
          perform pg_advisory_xact_lock_shared(${LOCK});
        end if;
      end if;
      return null;
    end $$;
  ${TABLES.map(
    (table) => `create trigger hold after insert or update on ${table} for each row execute function hold_write();`,
  ).join("\n")}`;

/** In the database at `url`, which has to be a test's own. */
export async function holdingWrites(url: string): Promise<HeldWrites> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(INSTALL);
  return {
    async from(nth) {
      await client.query("select pg_advisory_lock($1)", [LOCK]);
      await client.query("delete from held_from");
      await client.query("insert into held_from values ($1)", [nth]);
      await client.query("select setval('writes', 1, false)");
    },
    async held() {
      const { rows } = await client.query<{ pid: number; query: string }>(
        "select pid, query from pg_stat_activity where datname = current_database() and wait_event = 'advisory'",
      );
      const [row] = rows;
      return row
        ? {
            text: row.query,
            kill: async () => void (await client.query("select pg_terminate_backend($1, $2)", [row.pid, DYING_MS])),
          }
        : null;
    },
    async waiting() {
      const { rows } = await client.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rows.length;
    },
    async release() {
      await client.query("delete from held_from");
      await client.query("select pg_advisory_unlock($1)", [LOCK]);
    },
    close: () => client.end(),
  };
}
