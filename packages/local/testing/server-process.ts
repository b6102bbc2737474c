/** A server of the machine's own, as a child of the tests: it is there when it says so, and never outlives them. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import path from "node:path";

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServerCommand {
  readonly binary: string;
  readonly arguments: readonly string[];
  /** What it writes when it can be used. */
  readonly ready: RegExp;
  /** Whose process it is, where that is not ours. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Debian keeps PostgreSQL's programs out of the path, by version. */
const ELSEWHERE = "/usr/lib/postgresql/*/bin";

/** Starting takes a second on a busy machine; whoever needs longer will not come. */
const STARTING_MS = 30_000;

/** Nothing in it is worth waiting longer for. */
const ENDING_MS = 5_000;

/** The program of this name; null: the machine has none. */
export function findBinary(name: string): string | null {
  const directories = [...(process.env["PATH"] ?? "").split(path.delimiter), ...globSync(ELSEWHERE)];
  return directories.map((directory) => path.join(directory, name)).find((file) => existsSync(file)) ?? null;
}

/** Answers when the server is ready, with what ends it. @throws Error with what the server wrote when it does not get there. */
export async function spawnServer(command: ServerCommand): Promise<() => Promise<void>> {
  const { binary, ready, owner } = command;
  const child = spawn(binary, command.arguments, { stdio: ["ignore", "pipe", "pipe"], ...owner });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // Both servers take an interrupt for: end now, with clients or without.
  const interrupt = () => child.kill("SIGINT");
  process.once("exit", interrupt); // also when the tests end in a hurry
  try {
    await readiness(child, ready);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return async () => {
    process.off("exit", interrupt);
    interrupt();
    const impatience = setTimeout(() => child.kill("SIGKILL"), ENDING_MS);
    await exited;
    clearTimeout(impatience);
  };
}

function readiness(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const patience = setTimeout(() => refuse(`was not ready within ${STARTING_MS} ms`), STARTING_MS);
    const refuse = (why: string) => {
      clearTimeout(patience);
      reject(new Error(`${child.spawnfile} ${why}: ${said}`));
    };
    const read = (bytes: Buffer) => {
      said += bytes.toString();
      if (!ready.test(said)) return;
      clearTimeout(patience);
      // From here on what it writes is thrown away, but read: it would wait for ever to be rid of it.
      for (const stream of [child.stdout, child.stderr]) stream?.off("data", read).resume();
      resolve();
    };
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", read);
    child.once("error", (error) => refuse(error.message));
    child.once("exit", (code) => refuse(`ended with code ${code}`));
  });
}
