/**
 * The two processes of a local run, as their parent sees them and as they see it.
 *
 * Invariants: a child ends when it is told to, and when its parent is gone, however that went; Ctrl-C reaches the parent
 * alone, which ends its children in their order.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A child that does not end by itself within this is killed: nothing on this machine is worth waiting longer for. */
const ENDING_MS = 5_000;

export interface Child<Ready> {
  readonly ready: Ready;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends it here and now, as a crash would. */
  kill(): Promise<void>;
  /** Stops its clocks in the middle of whatever it does, as Lambda freezes a function, until it thaws. */
  freeze(): void;
  thaw(): void;
}

type Message<Ready> = { readonly ready: Ready } | { readonly failed: string };

/** Starts `module` as a process of its own and waits until it is ready. @throws Error with the reason that it gives, or when it ends. */
export async function startChild<Ready>(
  module: URL,
  environment: NodeJS.ProcessEnv,
  log: number,
): Promise<Child<Ready>> {
  const child = fork(module, {
    env: { ...process.env, ...environment },
    // Its own group, so that Ctrl-C in the terminal does not reach it.
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  const message = await Promise.race([
    once(child, "message").then(([message]) => message as Message<Ready>),
    once(child, "exit").then(([code]) => ({ failed: `${module.pathname.split("/").at(-1)} ended with code ${code}` })),
  ]);
  if ("failed" in message) {
    await stopChild(child);
    throw new Error(message.failed);
  }
  return {
    ready: message.ready,
    stop: () => stopChild(child),
    async kill() {
      if (isOver(child)) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
  };
}

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function stopChild(child: ChildProcess): Promise<void> {
  if (isOver(child)) return;
  const exited = once(child, "exit");
  if (child.connected) child.disconnect();
  const impatience = setTimeout(() => child.kill("SIGKILL"), ENDING_MS);
  await exited;
  clearTimeout(impatience);
}

/** A child's side: starts, says that it is ready or why it is not, and closes when its parent lets go of it. */
export async function beChild<Ready>(start: () => Promise<{ ready: Ready; close(): Promise<void> }>): Promise<void> {
  const released = new Promise<void>((resolve) => {
    process.once("disconnect", resolve);
    if (!process.connected) resolve();
  });
  const tell = (message: Message<Ready>) => process.connected && process.send?.(message);
  try {
    const { ready, close } = await start();
    tell({ ready });
    await released;
    await close();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    tell({ failed: error instanceof Error ? error.message : String(error) });
    await released;
    process.exit(1);
  }
}
