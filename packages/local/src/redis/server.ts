import { createServer } from "node:net";
import {
  attachSession,
  createRedisCommandExecutor,
  RedisServerState,
  SocketConnectionTransport,
} from "js-redis-server/core";
import { listen } from "../listen.ts";

/** The version whose commands Upstash answers, as far as its documentation tells. */
const compatibility = "redis-7.2";

/**
 * An empty Redis server in this process. It is put together from the package's parts because its own start function
 * listens on every interface, and leaves Nagle's algorithm on, which costs 40 ms for each pipeline's answers.
 */
export async function startRedisServer(): Promise<{ url: string; close(): void }> {
  const state = new RedisServerState({ databaseCount: 1, compatibility });
  const executor = createRedisCommandExecutor({ compatibility });
  const server = createServer({ noDelay: true }, (socket) => {
    attachSession(new SocketConnectionTransport(socket), { state, executor });
  });
  const address = await listen(server);
  return {
    url: `redis://${address}`,
    close() {
      server.close();
      state.close();
    },
  };
}
