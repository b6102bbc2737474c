/** The system's clock, randomness and log: what handlers pass into core, which has none of its own. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@backstop/core/clock";
import type { Ids } from "@backstop/core/id";
import type { Log } from "@backstop/core/log";
import { ulid } from "ulid";

export const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds) => sleep(milliseconds),
  deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
};

export const ids: Ids = { next: (prefix) => `${prefix}_${ulid()}` };

/** One JSON object a line, on standard error: what CloudWatch reads, and what a terminal can do without. */
export const log: Log = {
  info: (event, fields) => write({ level: "info", event, ...fields }),
  error: (event, error, fields) => write({ level: "error", event, ...fields, ...describe(error) }),
};

function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = "code" in error ? { code: error.code } : {};
  return { error: error.message, ...code, ...(error.cause instanceof Error && { cause: error.cause.message }) };
}

const write = (line: Record<string, unknown>): void => {
  process.stderr.write(`${JSON.stringify(line)}\n`);
};

/** Builds a handler's dependencies once per container, at its first call; a failure is tried again at the next. */
export function once<Built>(build: () => Promise<Built>): () => Promise<Built> {
  let built: Promise<Built> | undefined;
  return () => {
    built ??= build().catch((error: unknown) => {
      built = undefined;
      throw error;
    });
    return built;
  };
}
