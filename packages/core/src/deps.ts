/** The real dependencies, each built from the environment by a function of its own, so that a handler builds what it needs. */
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SQSClient } from "@aws-sdk/client-sqs";
import bs58 from "bs58";
import { accountStore } from "./account/account.store.ts";
import type { Account } from "./account/account.ts";
import type { Clock } from "./clock.ts";
import { type Config, type Environment, requireVariable } from "./config.ts";
import { connect, type Database } from "./db/client.ts";
import type { JupiterConfig } from "./jupiter/ask.ts";
import type { JupiterApi } from "./jupiter/client.ts";
import { redisRateLimit } from "./jupiter/rate-limit.store.ts";
import { jupiterV1 } from "./jupiter/v1.ts";
import { jupiterV2 } from "./jupiter/v2.ts";
import type { Log } from "./log.ts";
import { jupiterPrices } from "./price/jupiter.ts";
import { type Queues, sqsQueues } from "./queue/queue.ts";
import { connectRedis, type RedisConfig } from "./redis/client.ts";
import { type Key, keypairKey, lambdaSigning, type Signing } from "./solana/signer.ts";
import { type WatchStore, watchStore } from "./stop/watch.store.ts";
import { lambdaWake, type Watch, watch } from "./stop/watch.ts";

export const database = (env: Environment, clock: Clock): Database =>
  connect({ url: requireVariable(env, "DATABASE_URL"), fetchEndpoint: env["DATABASE_FETCH_ENDPOINT"] }, clock);

const redisConfig = (env: Environment): RedisConfig => ({
  url: requireVariable(env, "UPSTASH_REDIS_REST_URL"),
  token: requireVariable(env, "UPSTASH_REDIS_REST_TOKEN"),
});

export const watched = (env: Environment, clock: Clock): WatchStore =>
  watchStore(connectRedis(redisConfig(env), clock));

/** SQS answers in milliseconds; without a time-out of its own the SDK would wait for as long as the function lives. */
const QUEUE_DEADLINE = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

/** `sign` asks Postgres twice and the key once. */
const INVOKE_DEADLINE = { connectionTimeout: 1_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

export const queues = (env: Environment): Queues =>
  sqsQueues(new SQSClient({ requestHandler: QUEUE_DEADLINE }), {
    execute: requireVariable(env, "EXECUTE_QUEUE_URL"),
    confirm: requireVariable(env, "CONFIRM_QUEUE_URL"),
    reconcile: requireVariable(env, "RECONCILE_QUEUE_URL"),
  });

const jupiterConfig = (env: Environment): JupiterConfig => ({
  baseUrl: requireVariable(env, "JUPITER_URL"),
  apiKey: requireVariable(env, "JUPITER_API_KEY"),
});

/** Bookkeeping must not cost an exit more than the quote it is for; without it the call just goes. */
const RATE_LIMIT_DEADLINE_MS = 400;

const JUPITER_APIS = { v1: jupiterV1, v2: jupiterV2 } as const satisfies Record<Config["jupiter"]["api"], unknown>;

export const jupiter = (env: Environment, clock: Clock, config: Config, log: Log): JupiterApi =>
  JUPITER_APIS[config.jupiter.api]({
    config: jupiterConfig(env),
    clock,
    rateLimit: redisRateLimit(connectRedis(redisConfig(env), clock, RATE_LIMIT_DEADLINE_MS), clock, log),
  });

export const prices = (env: Environment, clock: Clock) => jupiterPrices(jupiterConfig(env), clock);

export const signing = (env: Environment): Signing =>
  lambdaSigning(new LambdaClient({ requestHandler: INVOKE_DEADLINE }), requireVariable(env, "SIGN_FUNCTION"));

export const watching = (env: Environment, clock: Clock, store: WatchStore, config: Config): Watch =>
  watch({
    clock,
    store,
    wake: lambdaWake(
      new LambdaClient({ requestHandler: INVOKE_DEADLINE }),
      requireVariable(env, "EVALUATE_STOPS_FUNCTION"),
    ),
    tickMs: config.evaluator.tickMs,
  });

/** The bearer key of the API. */
export const apiKey = (env: Environment): string => requireVariable(env, "BACKSTOP_API_KEY");

export const key = (env: Environment): Key => keypairKey(bs58.decode(requireVariable(env, "WALLET_SECRET_KEY")));

/** The one account of this deployment. @throws Error when it has no row. */
export async function account(env: Environment, db: Database): Promise<Account> {
  const accountId = requireVariable(env, "ACCOUNT_ID");
  const found = await accountStore(db).find(accountId);
  if (!found) throw new Error(`ACCOUNT_ID=${accountId}: there is no such account`);
  return found;
}
