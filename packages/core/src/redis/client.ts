/** Upstash Redis over HTTPS: state that may be lost at any moment and is then rebuilt. */
import { Redis } from "@upstash/redis";

export interface RedisConfig {
  readonly url: string;
  readonly token: string;
}

export const connectRedis = (config: RedisConfig): Redis => new Redis({ ...config, enableTelemetry: false });
