import net from "node:net";
import type { Duplex } from "node:stream";
import type { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { PgliteGate } from "./gate.ts";
import type { Role } from "./login.ts";
import { PgliteSession } from "./session.ts";

/** The PostgreSQL behind the local Neon. It trusts whoever reaches it. */
export interface Backend {
  readonly as: Role;
  /** A raw connection, for a client that speaks PostgreSQL's protocol itself. */
  connect(): Duplex;
  /** Connections for queries that come by HTTP. */
  readonly pool: pg.Pool;
}

/** As many as a small Neon compute would have going at once for a handful of Lambdas. */
const POOL_SIZE = 10;

/** Tests send 50 calls into a real PostgreSQL at once, and none is to wait outside; it lets 100 in. */
const POSTGRES_POOL_SIZE = 60;

export function overPglite(database: PGlite): Backend {
  const gate = new PgliteGate(database);
  const as = { user: "postgres", database: "postgres" };
  const connect = () => new PgliteSession(gate);
  return { as, connect, pool: new pg.Pool({ ...as, max: POOL_SIZE, stream: connect }) };
}

export function overPostgres(url: string): Backend {
  const { hostname, port, username, pathname } = new URL(url);
  const address = { host: hostname, port: Number(port || 5432) };
  const as = { user: decodeURIComponent(username), database: pathname.slice(1) };
  return {
    as,
    connect: () => net.connect({ ...address, noDelay: true }),
    pool: new pg.Pool({ ...address, ...as, max: POSTGRES_POOL_SIZE }),
  };
}
