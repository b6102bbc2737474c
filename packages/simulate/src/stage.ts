/**
 * Everything of one seed: the world, the engine in it, and who judges it.
 *
 * Invariant: each part throws dice of its own, or in an order that is the same for the same seed.
 */
import { createHash } from "node:crypto";
import type { Log } from "@backstop/core/log";
import { MARKET_SEED } from "@backstop/core/market/market";
import { MemoryDatabase } from "@backstop/core/testing/memory/database";
import { memoryStores } from "@backstop/core/testing/memory/stores";
import type { Stores } from "@backstop/core/testing/stores.given";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { Lambda } from "./engine/lambda.ts";
import { type PortsDeps, portsOf } from "./engine/ports-of.ts";
import { dice as diceOf } from "./kernel/dice.ts";
import { type Line, momentOf, type World } from "./kernel/invocation.ts";
import { Timeline } from "./kernel/timeline.ts";
import { type Fault, Weather } from "./kernel/weather.ts";
import type { Mutant, Scenario } from "./mutants/mutant.ts";
import { Oracle } from "./oracle/oracle.ts";
import { SimulatedBus } from "./world/bus.ts";
import { Chain } from "./world/chain.ts";
import { listed, Market } from "./world/market.ts";
import { overNetwork } from "./world/ports.ts";
import { postgres } from "./world/postgres.ts";
import { SimulatedQueues } from "./world/queues.ts";
import { redis } from "./world/redis.ts";
import { Slots } from "./world/slots.ts";

export interface StageOptions {
  readonly seed: number;
  readonly chances: Readonly<Record<Fault, number>>;
  /** Null: as the seed says. */
  readonly scenario: Scenario | null;
  /** Null: the code as it is. */
  readonly mutant: Mutant | null;
  /** Takes the lines of the story; null: nobody reads it. */
  readonly tell: ((atMs: number, line: string) => void) | null;
}

interface Ground {
  readonly world: World;
  readonly markets: readonly Market[];
  readonly chain: Chain;
  readonly db: MemoryDatabase;
  readonly stores: Stores;
  readonly oracle: Oracle;
}

export interface Engine {
  readonly lambda: Lambda;
  readonly queues: SimulatedQueues;
  readonly bus: SimulatedBus;
}

export interface Stage extends Ground, Engine {
  /** The same world, with the dice of those who use the API. */
  readonly people: World;
  readonly tell: (line: string) => void;
}

/** Of one seed's randomness, so that what one part throws moves no other. */
const STREAM = { world: 0, weather: 1, people: 2, slots: 3, markets: 10 } as const;

const SLOT_MS = [200, 400] as const;

const LAMPORTS = 50_000_000_000n;
const QUOTE = 50_000_000_000n;
/** Inventory, in quote. Where there is none, nothing of side `sell` is opened, and nothing hides what is missing. */
const BASE_WORTH = 6_000;
const WITH_INVENTORY = 0.7;

const ACCOUNT = { accountId: "acc_1", wallet: Keypair.fromSeed(Buffer.alloc(32, 7)).publicKey.toBase58() };

const KMS: Line = { latency: [10, 40], before: [], after: [] };

export async function stageOf({ seed, chances, scenario, mutant, tell }: StageOptions): Promise<Stage> {
  const timeline = new Timeline();
  const say = tell ? (line: string) => tell(timeline.now, line) : () => {};
  const weather = new Weather(diceOf(seed, STREAM.weather), chances);
  const dice = diceOf(seed, STREAM.world);
  const world: World = { timeline, weather, dice, calls: { made: 0 } };
  const markets = listed(MARKET_SEED).map(
    ([pair, price], index) => new Market(pair, price, diceOf(seed, STREAM.markets + index), weather),
  );
  const slots = new Slots(diceOf(seed, STREAM.slots), dice.between(...SLOT_MS));
  const inventory = scenario?.inventory ?? dice.chance(WITH_INVENTORY);
  const funds = fundsFor(markets, inventory);
  const chain = new Chain({ timeline, weather, dice, slots, markets, tell: say }, funds, LAMPORTS);
  const db = new MemoryDatabase(mutant?.without);
  const oracle = new Oracle({ world, db, chain, markets });
  const stores = memoryStores(db);
  await stores.accounts.add(ACCOUNT, momentOf(0));
  await stores.markets.seed(MARKET_SEED);

  const ground: Ground = { world, markets, chain, db, stores, oracle };
  const people = { ...world, dice: diceOf(seed, STREAM.people) };
  return { ...ground, ...engineOn(ground, { scenario, mutant, tell }, say), people, tell: say };
}

/** The deployed functions, with what they call and what calls them. */
function engineOn(
  { world, markets, chain, db, stores, oracle }: Ground,
  { scenario, mutant, tell }: Pick<StageOptions, "scenario" | "mutant" | "tell">,
  say: (line: string) => void,
): Engine {
  const { timeline, weather, dice } = world;
  const queues: SimulatedQueues = new SimulatedQueues({
    timeline,
    weather,
    dice,
    tell: say,
    consume: async (queue, batch) => {
      const name = queue === "reconcile" ? "reconcile" : (`${queue}-trades` as const);
      const outcome = await lambda.invoke(name, (handler) => handler(batch));
      return outcome.type === "answered" ? outcome.answer : null;
    },
  });
  const bus = new SimulatedBus(weather);
  const deps: PortsDeps = {
    timeline,
    weather,
    dice,
    markets,
    chain,
    wallet: ACCOUNT.wallet,
    sent: (signed, message) => oracle.transactions.send(signed, message),
    ids: idsOf(),
    postgres: postgres(oracle.inside(stores)),
    redis: redis({ timeline, weather, dice }),
    key: overNetwork({ sign: signatureOf }, KMS),
    queues,
    bus,
    lambda: () => lambda,
    logOf: (name) => oracle.listening(tell ? toldBy(name, say) : SILENT),
  };
  const lambda: Lambda = new Lambda({
    world,
    deployment: { account: ACCOUNT, markets: MARKET_SEED },
    failed: (name, error) => oracle.failed(name, error),
    portsOf: (invocation) => {
      const tools = { db, chain, dice, weather, wallet: deps.wallet, name: invocation.name };
      let ports = portsOf(deps, invocation);
      for (const change of [scenario?.ports, mutant?.ports]) if (change) ports = { ...ports, ...change(ports, tools) };
      return { ...ports, stops: oracle.outside(ports.stops) };
    },
  });
  return { lambda, queues, bus };
}

const SILENT: Log = { info: () => {}, error: () => {} };

const toldBy = (name: string, say: (line: string) => void): Log => ({
  info: (event, fields) => say(`${name}  ${event} ${JSON.stringify(fields ?? {})}`),
  error: (event, cause, fields) =>
    say(`${name}  ${event}: ${cause instanceof Error ? cause.message : String(cause)} ${JSON.stringify(fields ?? {})}`),
});

const idsOf = () => {
  let last = 0;
  return { next: (prefix: string) => `${prefix}_${String(++last).padStart(6, "0")}` };
};

function fundsFor(markets: readonly Market[], inventory: boolean): ReadonlyMap<string, bigint> {
  return new Map(
    markets.flatMap((market) => {
      const { baseMint, quoteMint, baseDecimals } = market.pair;
      const worth = inventory ? BASE_WORTH : 0;
      const base = BigInt(Math.floor((worth / market.price(0)) * 10 ** baseDecimals));
      return [
        [baseMint, base],
        [quoteMint, QUOTE],
      ] as const;
    }),
  );
}

/** A key that signs as quickly as it hashes: another message, another signature. */
const signatureOf = async (message: string): Promise<string> =>
  bs58.encode(createHash("sha512").update(message).digest());
