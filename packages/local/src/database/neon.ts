import { pipeline } from "node:stream/promises";
import type { PGlite } from "@electric-sql/pglite";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import { type Front, listen, serverOf, stop } from "../listen.ts";
import { type Backend, overPglite, overPostgres } from "./backend.ts";
import { credentials, Login } from "./login.ts";
import { sqlOverHttp } from "./sql.ts";

/** The WebSocket close code of a server that shuts down. A pool whose sockets are just cut reports an error instead. */
const GOING_AWAY = 1001;
/** A client on this machine answers a close within milliseconds; one that has stopped running never does. */
const CLOSING_MS = 1_000;

export interface Neon {
  /** The connection string. Its host exists nowhere: a client that was not given the addresses below reaches nobody. */
  readonly url: string;
  /** For `neonConfig.fetchEndpoint`. */
  readonly fetchEndpoint: string;
  /** For `neonConfig.wsProxy`, together with `neonConfig.useSecureWebSocket = false`. */
  readonly wsProxy: string;
  close(): Promise<void>;
}

/**
 * A local Neon: its HTTP and WebSocket protocols in front of a PGlite, or of a real PostgreSQL that trusts us. `front`
 * stands before HTTP alone, which is what the functions speak.
 */
export async function startNeon(
  database: { pglite: PGlite } | { postgres: string },
  { front }: { front?: Front } = {},
): Promise<Neon> {
  const backend = "pglite" in database ? overPglite(database.pglite) : overPostgres(database.postgres);
  // A connection that breaks fails the query it has, and the pool replaces it; without listeners, idle or in the middle of
  // a transaction, the break would end the process.
  backend.pool.on("error", () => undefined);
  backend.pool.on("connect", (client) => client.on("error", () => undefined));

  const server = serverOf(sqlOverHttp(backend.pool), front);
  const sockets = new WebSocketServer({ server, path: "/v2" });
  const tunnels = new Set<Promise<void>>();
  sockets.on("connection", (socket) => {
    const running = tunnel(socket, backend).finally(() => tunnels.delete(running));
    tunnels.add(running);
  });

  const address = await listen(server);
  return {
    url: `postgresql://${credentials.user}:${credentials.password}@neon.invalid/backstop`,
    fetchEndpoint: `http://${address}/sql`,
    wsProxy: `${address}/v2`,
    async close() {
      for (const socket of sockets.clients) socket.close(GOING_AWAY);
      const patience = setTimeout(() => sockets.clients.forEach((socket) => void socket.terminate()), CLOSING_MS);
      await Promise.all(tunnels);
      clearTimeout(patience);
      await stop(server);
      await backend.pool.end();
    },
  };
}

/** Resolves when both ends are closed, and with them whatever the client left open in the database. */
async function tunnel(socket: WebSocket, backend: Backend): Promise<void> {
  const client = createWebSocketStream(socket);
  socket.once("close", () => client.destroy()); // by itself it would wait for ever to finish on a socket that was cut
  const login = new Login(backend.as, (bytes) => client.write(bytes));
  const upstream = backend.connect();
  // Either end may break off, which ends the other: nothing to tell anybody.
  await pipeline(client, login, upstream, client).catch(() => undefined);
  upstream.destroy();
  if (!upstream.closed) await new Promise((resolve) => upstream.once("close", resolve));
}
