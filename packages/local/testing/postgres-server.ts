/** A real PostgreSQL for the length of a test run: a cluster of its own in a temporary directory, on loopback. */
import { execFile } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { findBinary, type Server, spawnServer } from "./server-process.ts";

/** PostgreSQL refuses to run as root; this is `nobody` on every Linux. */
const NOBODY = { uid: 65_534, gid: 65_534 };

const SUPERUSER = "postgres";

/** Null: this machine has no PostgreSQL. */
export async function spawnPostgres(): Promise<Server | null> {
  const [initdb, postgres] = [findBinary("initdb"), findBinary("postgres")];
  if (initdb === null || postgres === null) return null;
  const directory = await mkdtemp(path.join(tmpdir(), "backstop-postgres-"));
  const owner = process.getuid?.() === 0 ? { owner: NOBODY } : {};
  if (owner.owner) await chown(directory, owner.owner.uid, owner.owner.gid);
  const cluster = path.join(directory, "data");
  await promisify(execFile)(
    initdb,
    ["-D", cluster, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...owner.owner, cwd: directory },
  );
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: directory,
    // It lives as long as the tests: what a power cut would take is of no use to anybody.
    fsync: "off",
  };
  const stop = await spawnServer({
    binary: postgres,
    arguments: ["-D", cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    ready: /ready to accept connections/,
    ...owner,
  });
  return {
    url: `postgresql://${SUPERUSER}@127.0.0.1:${port}/postgres`,
    async close() {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}
