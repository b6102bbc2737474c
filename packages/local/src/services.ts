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
import { privateKeyOf } from "@backstop/core/solana/keypair-key";
import { digestOf } from "@backstop/core/transfer/authority";
import { Keypair, PublicKey } from "@solana/web3.js";
import { clock } from "../../../functions/system.ts";
import { queues } from "../../../infra/settings.ts";
import { REGION } from "./aws/context.ts";
import { eventArchive } from "./aws/event-archive.ts";
import { startEventBus } from "./aws/event-bus.ts";
import { startInvoker } from "./aws/invoker.ts";
import { startKms } from "./aws/kms.ts";
import { startQueues } from "./aws/queues.ts";
import { readCandles } from "./candles.ts";
import { SLOT_MS } from "./chain/chain.ts";
import { LaggingNode } from "./chain/node.ts";
import { startRpc } from "./chain/rpc/server.ts";
import { type Recorded, World } from "./chain/world.ts";
import { WorldStore } from "./chain/world-store.ts";
import { startControl } from "./control.ts";
import { type DataDirectory, MIGRATIONS } from "./data-directory.ts";
import { openDatabase } from "./database/database.ts";
import { startNeon } from "./database/neon.ts";
import { faultsEndpoint } from "./faults/endpoint.ts";
import { Network } from "./faults/network.ts";
import { Payments } from "./faults/payments.ts";
import { frontOf } from "./faults/requests.ts";
import type { Service } from "./faults/schema.ts";
import { StandingFaults } from "./faults/standing-faults.ts";
import { FUNDS } from "./funds.ts";
import { FEE_LISTING, FEE_MARKET, LISTINGS, listedAt } from "./listings.ts";
import { startRedis } from "./redis/upstash.ts";
import { queueAgain, unfinishedIn } from "./unfinished.ts";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/backstop", import.meta.url));

const ACCOUNT_ID = "acc_local";
/** Secrets, such as they are here: each is a word of its own, so that it is found wherever it should not be. */
const API_KEY = "bks_local_0123456789abcdef0123456789abcdef";
const JUPITER_API_KEY = "jupiter_secret_5b1d0c";
const RPC_KEY = "rpc_secret_c4e8a2";
const AWS_SECRET = "aws_secret_90d7f3";
const WITHDRAW_KEY = "bkw_local_0123456789abcdef0123456789abcdef";
const EVENT_BUS = "backstop";
const WALLET_KEY_ID = "2f9c1f0e-6a55-4c0b-9d52-0d7b7a1c5e10";

export interface Services {
  /** What the engine and the production clients need to find them, as environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Plain values: they travel to the process of the services as JSON. */
export interface ServicesOptions {
  /** Picks the market: the same seed, the same prices. */
  readonly seed: string;
  /** What one market follows instead of a story of its own; candles by their file, which no environment could hold. */
  readonly recorded?: (Omit<Recorded, "candles"> & { readonly file: string }) | undefined;
  /** Where the state is kept; without one it ends with the services. */
  readonly data?: DataDirectory | undefined;
  /** Lists a token besides that withholds a fee from transfers: none of the engine's own markets has one. */
  readonly withFeeMarket?: boolean | undefined;
  /** Between two blocks, for who does not want to wait for them. Chain time goes on by `SLOT_MS` a slot all the same. */
  readonly slotMs?: number | undefined;
  /** Between two moves of a market by itself, for who makes more blocks than are worth watching: a move is most of a block's cost. */
  readonly marketEveryBlocks?: number | undefined;
}

export async function startServices({ seed, data, slotMs = SLOT_MS, ...options }: ServicesOptions): Promise<Services> {
  const recorded = options.recorded && { ...options.recorded, candles: readCandles(options.recorded.file) };
  // First, because it makes sure that nobody else has the directory.
  const store = data && new WorldStore(data.world);
  const kept = store?.load();
  const faults = new StandingFaults(seed);
  const before = (service: Service) => ({ front: frontOf(faults, service) });
  const archive = eventArchive(EVENT_BUS);
  const wallet = Keypair.fromSeed(createHash("sha256").update(`${seed}/wallet`).digest());
  const [database, redis, sqs, invoker, kms, bus] = await Promise.all([
    openDatabase({ migrations: MIGRATIONS, cache: CACHE, directory: data?.database }),
    startRedis(before("redis")),
    startQueues(
      Object.entries(queues).map(([name, settings]) => ({ name, ...settings })),
      before("sqs"),
    ),
    startInvoker(before("lambda")),
    startKms({ keys: { [WALLET_KEY_ID]: privateKeyOf(wallet.secretKey) }, ...before("kms") }),
    startEventBus({ rules: [archive.rule], ...before("events") }),
  ]);
  const neon = await startNeon({ pglite: database }, before("postgres"));
  const unfinished = await unfinishedIn(database);
  const network = new Network(faults);
  const world = new World({
    seed,
    deliver: network.deliver,
    reverts: network.reverts,
    markets: [
      ...(recorded ? listedAt(recorded.symbol, recorded.candles[0].open) : LISTINGS),
      ...(options.withFeeMarket ? [FEE_LISTING] : []),
    ],
    startedAt: new Date(),
    recorded,
    kept,
    marketEveryBlocks: options.marketEveryBlocks,
    // A story is told to a position: without one the next begins anew.
    resumesStories: unfinished.positions > 0,
  });
  if (!kept) fundWallet(world, wallet.publicKey);
  if (store) world.keepIn(store);
  await queueAgain(unfinished.tradeIds, sqs);
  const payments = new Payments(world.chain, wallet, seed);
  const [rpc, rpc2, venue, control] = await Promise.all([
    startRpc(new LaggingNode(world.chain, () => faults.lagOf(1)), frontOf(faults, "rpc")),
    startRpc(new LaggingNode(world.chain, () => faults.lagOf(2)), frontOf(faults, "rpc2")),
    world.startVenue(JUPITER_API_KEY, frontOf(faults, "jupiter")),
    startControl(world, invoker.register, archive, faultsEndpoint(faults, { world, network, payments })),
  ]);

  const db = connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock);
  await marketStore(db).seed(options.withFeeMarket ? [...MARKET_SEED, FEE_MARKET] : MARKET_SEED);
  await accountStore(db).add({ accountId: ACCOUNT_ID, wallet: wallet.publicKey.toBase58() }, new Date());

  const blocks = produceBlocks(world, slotMs);
  return {
    environment: {
      DATABASE_URL: neon.url,
      DATABASE_FETCH_ENDPOINT: neon.fetchEndpoint,
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: AWS_SECRET,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: invoker.endpoint,
      AWS_ENDPOINT_URL_KMS: kms.endpoint,
      EVENT_BUS_NAME: EVENT_BUS,
      RELAY_EVENTS_FUNCTION: "relay-events",
      EXECUTE_QUEUE_URL: sqs.url("execute"),
      CONFIRM_QUEUE_URL: sqs.url("confirm"),
      RECONCILE_QUEUE_URL: sqs.url("reconcile"),
      SIGN_FUNCTION: "sign",
      EVALUATE_STOPS_FUNCTION: "evaluate-stops",
      JUPITER_URL: venue.url,
      JUPITER_API_KEY,
      BACKSTOP_JUPITER_RPC_ENDPOINT: `${rpc.url}/?api-key=${RPC_KEY}`,
      BACKSTOP_JUPITER_BROADCAST_ENDPOINTS: `${rpc2.url}/?api-key=${RPC_KEY}`,
      BACKSTOP_API_KEY: API_KEY,
      BACKSTOP_WITHDRAW_KEY: WITHDRAW_KEY,
      WITHDRAW_KEY_DIGEST: digestOf(WITHDRAW_KEY),
      ACCOUNT_ID,
      KMS_KEY_ID: WALLET_KEY_ID,
      BACKSTOP_LOCAL_WALLET: wallet.publicKey.toBase58(),
      BACKSTOP_LOCAL_CONTROL_URL: control.url,
    },
    async close() {
      await blocks.stop();
      await Promise.all([control, venue, rpc, rpc2, invoker, kms, bus, sqs, redis].map((service) => service.close()));
      await neon.close();
      await database.close();
      store?.close();
    },
  };
}

function fundWallet(world: World, wallet: PublicKey): void {
  const tokens = [...FUNDS.tokens].map(([mint, amount]) => ({ mint: new PublicKey(mint), amount }));
  world.fund(wallet, { lamports: FUNDS.lamports, tokens });
}

/** A block every `slotMs`, as long as nobody stops it; one that comes late does not move the next. */
function produceBlocks(world: World, slotMs: number): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const run = async () => {
    for (let due = performance.now() + slotMs; !stopping.signal.aborted; due += slotMs) {
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
