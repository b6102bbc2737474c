/**
 * One seed: a world, the engine in it, people, and what is judged of it.
 *
 * Invariant: everything comes from the seed, in virtual time; the same seed of the same code is the same story.
 */
import { createHash } from "node:crypto";
import type { Log } from "@backstop/core/log";
import { MARKET_SEED } from "@backstop/core/market/market";
import { MemoryDatabase } from "@backstop/core/testing/memory/database";
import { memoryStores } from "@backstop/core/testing/memory/stores";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { digestOf } from "./digest.ts";
import { CONFIG } from "./engine/functions.ts";
import { Lambda } from "./engine/lambda.ts";
import { type PortsDeps, portsOf } from "./engine/ports-of.ts";
import { dice as diceOf } from "./kernel/dice.ts";
import { type Line, momentOf, type World } from "./kernel/invocation.ts";
import { Timeline } from "./kernel/timeline.ts";
import { type Fault, Weather } from "./kernel/weather.ts";
import type { Mutant, Scenario } from "./mutants/mutant.ts";
import { Oracle } from "./oracle/oracle.ts";
import { BOUND_MS } from "./oracle/stops.ts";
import type { Violation } from "./oracle/violations.ts";
import { moveByHand } from "./people/hand.ts";
import { close, live, open, type TraderDeps } from "./people/trader.ts";
import { HOUR_MS, MINUTE_MS, schedule } from "./schedule.ts";
import { SimulatedBus } from "./world/bus.ts";
import { Chain } from "./world/chain.ts";
import { listed, Market } from "./world/market.ts";
import { overNetwork } from "./world/ports.ts";
import { postgres } from "./world/postgres.ts";
import { SimulatedQueues } from "./world/queues.ts";
import { redis } from "./world/redis.ts";
import { Slots } from "./world/slots.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** How many people try to open. */
  readonly positions: number;
  readonly chances: Readonly<Record<Fault, number>>;
  /** Null: as the seed says. */
  readonly scenario: Scenario | null;
  /** Null: the code as it is. */
  readonly mutant: Mutant | null;
  /** Takes the lines of the story; null: nobody reads it. */
  readonly tell: ((atMs: number, line: string) => void) | null;
}

export interface Simulated {
  readonly seed: number;
  /** Opened; the others were refused. */
  readonly positions: number;
  /** Calls to the outside. */
  readonly operations: number;
  readonly virtualMs: number;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly violations: readonly Violation[];
  /** From the moment the true price came to a stop until its exit landed, in milliseconds. */
  readonly exitLatencies: readonly number[];
  readonly digest: () => string;
}

/** Of one seed's randomness, so that what one part throws moves no other. */
const STREAM = { world: 0, weather: 1, people: 2, slots: 3, markets: 10 } as const;

/** Everything goes wrong for this long; people come in the first part of it. */
const BAD_MS = 10 * MINUTE_MS;
const ARRIVALS_MS = 6 * MINUTE_MS;

/** All is calm, and what the bad weather left behind has this long before the market moves. */
const REST_MS = MINUTE_MS;

/**
 * So that every stop is met: down, which also wakes the trailing stops of side `sell` that were asleep; up past where it
 * began; and down again for those of side `buy` that woke there.
 */
const MOVES = [0.5, 4, 0.25] as const;

/** As often as the evaluator looks. */
const TICK_MS = CONFIG.evaluator.tickMs;

/**
 * After the last of the bad weather. `reconcile` looks at a trade every 15 minutes; where the message for that was lost, and
 * for an event that nobody was woken for, there is the schedule.
 */
const LOOKED_AT_WITHIN_MS = 20 * MINUTE_MS;
const SCHEDULED_WITHIN_MS = HOUR_MS + 10 * MINUTE_MS;

/** What is on its way to a leader has come, and what came is final. */
const LAST_LANDINGS_MS = 2 * MINUTE_MS;

const SLOT_MS = [200, 400] as const;

const LAMPORTS = 50_000_000_000n;
const QUOTE = 50_000_000_000n;
/** Inventory, in quote. Where there is none, nothing of side `sell` is opened, and nothing hides what is missing. */
const BASE_WORTH = 6_000;
const WITH_INVENTORY = 0.7;

const ACCOUNT = { accountId: "acc_1", wallet: Keypair.fromSeed(Buffer.alloc(32, 7)).publicKey.toBase58() };

const KMS: Line = { latency: [10, 40], before: [], after: [] };

export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const { seed, positions, chances, scenario, mutant, tell } = options;
  const timeline = new Timeline();
  const say = tell ? (line: string) => tell(timeline.now, line) : () => {};
  const weather = new Weather(diceOf(seed, STREAM.weather), chances);
  const dice = diceOf(seed, STREAM.world);
  const calls = { made: 0 };
  const world: World = { timeline, weather, dice, calls };
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

  const queues: SimulatedQueues = new SimulatedQueues({
    timeline,
    weather,
    dice,
    tell: say,
    consume: async (queue, batch) => {
      const name = queue === "reconcile" ? "reconcile" : (`${queue}-trades` as const);
      const outcome = await lambda.invoke(name, (handler) => handler(batch));
      if (outcome.type === "failed") oracle.failed(name, outcome.error);
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
    portsOf: (invocation) => {
      const tools = { db, chain, dice, wallet: deps.wallet, name: invocation.name };
      let ports = portsOf(deps, invocation);
      for (const change of [scenario?.ports, mutant?.ports]) if (change) ports = { ...ports, ...change(ports, tools) };
      return { ...ports, stops: oracle.outside(ports.stops) };
    },
  });

  let isOver = false;
  schedule(lambda, world, () => isOver);
  oracle.stops.watch(() => isOver);
  const people: World = { ...world, dice: diceOf(seed, STREAM.people) };
  const trader: TraderDeps = { world: people, lambda, tell: say, markets };
  const opened = Promise.all(
    Array.from({ length: positions }, async (_, index) => {
      await timeline.wait(people.dice.between(0, ARRIVALS_MS));
      const positionId = await open(trader, String(index));
      if (positionId !== null) await live(trader, positionId);
    }),
  );
  void moveByHand({ world: people, chain, markets, tell: say });

  const story = async () => {
    await timeline.wait(BAD_MS);
    weather.isCalm = true;
    say("all is calm");
    await timeline.wait(REST_MS);
    await opened;
    for (const times of MOVES) {
      for (const market of markets) market.jump(timeline.now, times);
      say(`the market is at ${times} of what it was`);
      const until = timeline.now + BOUND_MS.calm + MINUTE_MS;
      do await timeline.wait(TICK_MS);
      while (oracle.stops.isAnyHit() && timeline.now < until);
    }
    await within(LOOKED_AT_WITHIN_MS, async () => {
      // What no stop closes, and what is open again after a part of it was closed, a person does.
      const open = [...db.positions.values()].filter(({ status }) => status === "open");
      for (const { positionId } of open) await close(trader, positionId, null);
      return oracle.isSettled();
    });
    oracle.judgeProgress(queues);
    await within(SCHEDULED_WITHIN_MS, async () => oracle.isSettled() && oracle.isTold());
    await timeline.wait(LAST_LANDINGS_MS);
    oracle.judge(bus, queues);
    isOver = true;
  };
  const within = async (milliseconds: number, isSo: () => Promise<boolean>) => {
    const until = timeline.now + milliseconds;
    while (!(await isSo()) && timeline.now < until) await timeline.wait(5 * TICK_MS);
  };
  const told = story();
  await timeline.run(() => isOver);
  await told;
  return {
    seed,
    positions: [...db.positions.values()].length,
    operations: calls.made,
    virtualMs: timeline.now,
    faults: weather.counts,
    violations: oracle.violations.all,
    exitLatencies: oracle.exitLatencies(),
    digest: () => digestOf(db, chain, timeline.now),
  };
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
