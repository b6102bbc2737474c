/**
 * The services: everything outside the engine, on this machine. They outlive the engine, which can be killed and started
 * again while they stay.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { accountStore } from "@backstop/core/account/account.store";
import { connect } from "@backstop/core/db/client";
import { MARKET_SEED } from "@backstop/core/market/market";
import { marketStore } from "@backstop/core/market/market.store";
import { Keypair, PublicKey } from "@solana/web3.js";
import bs58 from "bs58";
import { Hono } from "hono";
import * as z from "zod";
import { clock } from "../../../functions/system.ts";
import { queues } from "../../../infra/settings.ts";
import { REGION } from "./aws/context.ts";
import { startInvoker } from "./aws/invoker.ts";
import { startQueues } from "./aws/queues.ts";
import { SLOT_MS } from "./chain/chain.ts";
import { World } from "./chain/world.ts";
import { openDatabase } from "./database/database.ts";
import { startNeon } from "./database/neon.ts";
import { type Server, startServer } from "./listen.ts";
import { LISTINGS } from "./listings.ts";
import { startRedis } from "./redis/upstash.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../drizzle", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/backstop", import.meta.url));

/** What a local wallet starts with: fees for years, and a hundred first trades. */
const FUNDS = { lamports: 5_000_000_000n, quote: 10_000_000_000n };

const ACCOUNT_ID = "acc_local";
const API_KEY = "bks_local_0123456789abcdef0123456789abcdef";
const JUPITER_API_KEY = "local";

export interface Services {
  /** What the engine and the production clients need to find them, as environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface ServicesOptions {
  /** Picks the market: the same seed, the same prices. */
  readonly seed: string;
}

export async function startServices({ seed }: ServicesOptions): Promise<Services> {
  const [database, redis, sqs, invoker] = await Promise.all([
    openDatabase({ migrations: MIGRATIONS, cache: CACHE }),
    startRedis(),
    startQueues(Object.entries(queues).map(([name, settings]) => ({ name, ...settings }))),
    startInvoker(),
  ]);
  const neon = await startNeon({ pglite: database });
  const world = new World({ seed, markets: LISTINGS, startedAt: new Date() });
  const wallet = Keypair.fromSeed(createHash("sha256").update(`${seed}/wallet`).digest());
  fundWallet(world, wallet);
  const [rpc, venue, control] = await Promise.all([
    world.startRpc(),
    world.startVenue(JUPITER_API_KEY),
    startControl(world, invoker.register),
  ]);

  const db = connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock);
  await marketStore(db).seed(MARKET_SEED);
  await accountStore(db).add({ accountId: ACCOUNT_ID, wallet: wallet.publicKey.toBase58() }, new Date());

  const blocks = produceBlocks(world);
  return {
    environment: {
      DATABASE_URL: neon.url,
      DATABASE_FETCH_ENDPOINT: neon.fetchEndpoint,
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: invoker.endpoint,
      EXECUTE_QUEUE_URL: sqs.url("execute"),
      CONFIRM_QUEUE_URL: sqs.url("confirm"),
      SIGN_FUNCTION: "sign",
      EVALUATE_STOPS_FUNCTION: "evaluate-stops",
      JUPITER_URL: venue.url,
      JUPITER_API_KEY,
      BACKSTOP_JUPITER_RPC_ENDPOINT: rpc.url,
      BACKSTOP_API_KEY: API_KEY,
      ACCOUNT_ID,
      WALLET_SECRET_KEY: bs58.encode(wallet.secretKey),
      BACKSTOP_LOCAL_CONTROL_URL: control.url,
    },
    async close() {
      await blocks.stop();
      await Promise.all([control, venue, rpc, invoker, sqs, redis].map((service) => service.close()));
      await neon.close();
      await database.close();
    },
  };
}

function fundWallet(world: World, wallet: Keypair): void {
  const [market] = MARKET_SEED;
  if (!market) throw new Error("markets.json is empty");
  const tokens = [{ mint: new PublicKey(market.quoteMint), amount: FUNDS.quote }];
  world.fund(wallet.publicKey, { lamports: FUNDS.lamports, tokens });
}

const Engine = z.strictObject({ runtimeUrl: z.url() });
const Story = z.strictObject({ symbol: z.string() });

/** What a person or a test does to the outside world, and where the engine says that it is. */
function startControl(world: World, register: (runtimeUrl: string) => void): Promise<Server> {
  const app = new Hono();
  app.put("/engine", async (context) => {
    register(Engine.parse(await context.req.json()).runtimeUrl);
    return context.body(null, 204);
  });
  app.post("/story", async (context) => {
    world.beginStory(Story.parse(await context.req.json()).symbol);
    return context.body(null, 204);
  });
  app.onError((error, context) => context.json({ message: error.message }, 400));
  return startServer(app);
}

/** A block every `SLOT_MS`, as long as nobody stops it; one that comes late does not move the next. */
function produceBlocks(world: World): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const run = async () => {
    for (let due = performance.now() + SLOT_MS; !stopping.signal.aborted; due += SLOT_MS) {
      await sleep(Math.max(0, due - performance.now()), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) world.produceBlock();
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
