/** Upstash Redis over HTTPS: state that may be lost at any moment and is then rebuilt. */
import { Redis } from "@upstash/redis";
import type { Clock } from "../clock.ts";

export interface RedisConfig {
  readonly url: string;
  readonly token: string;
}

/** A tick of two seconds cannot wait for its state any longer; it goes on with what it knows. */
const DEADLINE_MS = 1_500;

export const connectRedis = (config: RedisConfig, clock: Clock, deadlineMs: number = DEADLINE_MS): Redis =>
  new Redis({
    ...config,
    enableTelemetry: false,
    // The library's five retries take four seconds; whatever is worth a retry here is done again by the next tick or message.
    // Not `false`: with that it tries once more (1.39.0).
    retry: { retries: 0 },
    signal: () => clock.deadline(deadlineMs),
  });
