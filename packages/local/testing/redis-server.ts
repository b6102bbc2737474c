/** A real Redis for the length of a test run: in memory, on loopback. */
import { tmpdir } from "node:os";
import { freePort } from "./free-port.ts";
import { findBinary, type Server, spawnServer } from "./server-process.ts";

/** Null: this machine has no Redis. */
export async function spawnRedis(): Promise<Server | null> {
  const binary = findBinary("redis-server");
  if (binary === null) return null;
  const port = await freePort();
  const settings = { bind: "127.0.0.1", port: String(port), save: "", appendonly: "no", dir: tmpdir() };
  const close = await spawnServer({
    binary,
    arguments: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ready: /ready to accept connections/i,
  });
  return { url: `redis://127.0.0.1:${port}`, close };
}
