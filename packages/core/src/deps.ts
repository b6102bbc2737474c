/** The real dependencies, each built from the environment by a function of its own, so that a handler builds what it needs. */
import { KMSClient } from "@aws-sdk/client-kms";
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
import { keypairKey } from "./solana/keypair-key.ts";
import { kmsKey } from "./solana/kms-key.ts";
import { type Key, lambdaSigning, type Signing } from "./solana/signer.ts";
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

/**
 * KMS answers in tens of milliseconds. Tried three times, a call is over after about 3 s, whether it hangs or is throttled (the
 * SDK then waits for up to 1 and 2 s): a cold `sign` makes two of them, and has 10 s.
 */
const KEY_DEADLINE = { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true };
const KEY_TRIES = 3;

/** As long as `sign` may run. */
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

/**
 * The wallet's: in KMS, or in memory where no money is at stake.
 *
 * @throws Error that names the variable, and never tells a secret.
 */
export async function key(env: Environment): Promise<Key> {
  const { KMS_KEY_ID: keyId, WALLET_SECRET_KEY: secret } = env;
  if (keyId && secret) throw new Error("KMS_KEY_ID and WALLET_SECRET_KEY are both set: a wallet has one key");
  if (keyId) return kmsKey(new KMSClient({ requestHandler: KEY_DEADLINE, maxAttempts: KEY_TRIES }), keyId);
  if (!secret) throw new Error("neither KMS_KEY_ID nor WALLET_SECRET_KEY is set");
  if (env["BACKSTOP_STAGE"] === "production") {
    throw new Error("WALLET_SECRET_KEY is refused in production, where the key never leaves KMS: set KMS_KEY_ID");
  }
  try {
    return keypairKey(bs58.decode(secret));
  } catch (cause) {
    throw new Error("WALLET_SECRET_KEY must be a secret key of 64 bytes, in base58", { cause });
  }
}

/** What withdrawals are proven with; null: this deployment withdraws nothing. */
export const withdrawKey = (env: Environment): string | null => env["BACKSTOP_WITHDRAW_KEY"] || null;

/** The one account of this deployment. @throws Error when it has no row. */
export async function account(env: Environment, db: Database): Promise<Account> {
  const accountId = requireVariable(env, "ACCOUNT_ID");
  const found = await accountStore(db).find(accountId);
  if (!found) throw new Error(`ACCOUNT_ID=${accountId}: there is no such account`);
  return found;
}
