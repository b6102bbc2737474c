/**
 * A trade, and all that it takes to bring it on its way: Jupiter, the chain, a key, queues whose messages come when they are
 * due. What a test wants to go wrong is the test's to say.
 */
import { Keypair } from "@solana/web3.js";
import { configFrom } from "../src/config.ts";
import { MARKET_SEED } from "../src/market/market.ts";
import type { Amount } from "../src/money/amount.ts";
import type { Price } from "../src/money/price.ts";
import { NO_FILLS, type Position } from "../src/position/position.ts";
import type { PriceSource } from "../src/price/accepted.ts";
import { keypairKey } from "../src/solana/keypair-key.ts";
import type { Simulation } from "../src/solana/rpc.ts";
import type { SignAnswer } from "../src/solana/signer.ts";
import { UNFINISHED_ATTEMPTS } from "../src/trade/attempt.ts";
import { confirmTrades } from "../src/trade/confirm.ts";
import { driveTrade } from "../src/trade/drive.ts";
import { ECHO_MS } from "../src/trade/policy.ts";
import { signAttempt } from "../src/trade/sign.ts";
import type { SubmitDeps } from "../src/trade/submit.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import type { Trade } from "../src/trade/trade.ts";
import { DelayedQueues } from "./delayed-queues.ts";
import { type FakeChain, fakeChain } from "./fake-chain.ts";
import { fakeFirewall } from "./fake-node.ts";
import { FakeClock, type FakeLog, fakeLog } from "./fakes.ts";
import * as Given from "./given.ts";
import { type SteeredJupiter, steeredJupiter } from "./steered-jupiter.ts";
import { TradeRows } from "./trade-rows.ts";

const KEYPAIR = Keypair.fromSeed(Buffer.alloc(32, 1));
export const WALLET = KEYPAIR.publicKey.toBase58();

/** One SOL, worth 150 USDC. */
export const SOL: Amount = Given.units(1_000_000_000);

/** An entry of 100 USDC, planned now. */
export function entry(over: Partial<Trade> = {}): TradeRecord {
  const trade = { ...Given.trade("planned"), ...over } as Trade;
  return { trade, attempts: [], position: Given.position("opening"), wallet: WALLET };
}

/** An exit of `amountIn` of a position of side `buy` that holds one SOL. */
export function exit(amountIn: Amount = SOL, over: Partial<Trade> = {}): TradeRecord {
  const { baseMint: inputMint, quoteMint: outputMint } = Given.SOL_USDC;
  const planned = Given.trade("planned", { kind: "exit", side: "sell" });
  const trade = { ...planned, inputMint, outputMint, amountIn, ...over } as Trade;
  const totals = { ...NO_FILLS, entryIn: Given.units(150_000_000), entryOut: SOL };
  const position: Position = { ...Given.position("closing"), totals, exiting: amountIn };
  return { trade, attempts: [], position, wallet: WALLET };
}

export interface World {
  readonly deps: SubmitDeps;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly queues: DelayedQueues;
  readonly rows: TradeRows;
  readonly jupiter: SteeredJupiter;
  readonly chain: FakeChain;
  /** What the wallet holds of the mint that is spent. */
  balance: Amount;
  /** The last accepted price, of now; null: there is none. */
  accepted: Price | null;
  simulation: Partial<Simulation>;
  recentFees: () => Promise<readonly bigint[]>;
  sign: (attemptId: string) => Promise<SignAnswer>;
  /** From now on nothing is in the way. */
  calm(): void;
}

const CONFIG = configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" });

/** Of prices only what was accepted is known. */
const SILENT_SOURCE: PriceSource = { name: "silent", fetch: async () => new Map() };

export function world(record: TradeRecord): World {
  const [clock, log, chain, rows] = [new FakeClock(), fakeLog(), fakeChain(WALLET), new TradeRows(record)];
  const [queues, jupiter, key] = [new DelayedQueues(clock), steeredJupiter(clock), keypairKey(KEYPAIR.secretKey)];
  const sign = (attemptId: string) => signAttempt({ ...made.deps, config: CONFIG, ...signing }, attemptId);
  const signing = {
    accounts: rows.accounts,
    positions: rows.positions,
    firewall: fakeFirewall(chain, WALLET),
    priceSource: SILENT_SOURCE,
    key,
  };
  const made: World = {
    clock,
    log,
    queues,
    rows,
    jupiter,
    chain,
    balance: SOL,
    accepted: Given.price(150),
    simulation: {},
    recentFees: async () => [],
    sign,
    calm() {
      Object.assign(made, { balance: SOL, simulation: {}, sign });
      jupiter.quoting(() => ({}));
      jupiter.swapping(() => ({}));
    },
    deps: {
      clock,
      log,
      queues,
      jupiter,
      trades: rows.trades,
      attempts: rows.attempts,
      turns: rows.turns,
      exits: rows.exits,
      config: CONFIG,
      markets: MARKET_SEED,
      rpc: {
        ...chain,
        tokens: async () => made.balance,
        simulate: async (message) => ({ ...(await chain.simulate(message)), ...made.simulation }),
        recentFees: () => made.recentFees(),
      },
      prices: {
        prices: async () =>
          new Map(
            made.accepted === null ? [] : [["SOL/USDC", { price: made.accepted, at: clock.now(), source: "test" }]],
          ),
      },
      signing: { sign: (attemptId) => made.sign(attemptId) },
      wakeRelay: async () => {},
    },
  };
  return made;
}

/** Delivers what is queued for the trades, in its order and at its time, until it is as it should be. */
export async function driven(
  { deps, queues, rows, log }: World,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let deliveries = 0; deliveries < 500; deliveries++) {
    if (await isSo()) return;
    const delivered = await queues.deliver(async ({ queue, tradeId }) => {
      if (queue === "execute") await driveTrade(deps, tradeId);
      return true;
    });
    if (!delivered) throw new Error(`nothing drives ${rows.all().map(({ trade }) => trade.tradeId)}: ${log.lines}`);
  }
  throw new Error(`it does not come to that: ${log.lines}`);
}

/** A look at the trade by a chain that is past everything that was sent, and shows nothing of it. */
export async function lookedForInVain({ deps, rows }: World, tradeId: string): Promise<void> {
  const slot = 10_000_000n;
  const never = () => Promise.reject(new Error("nothing has landed"));
  await confirmTrades(
    {
      ...deps,
      fills: {
        land: never,
        landLate: never,
        landBeyond: never,
        move: never,
        fork: never,
        doubt: never,
        lose: never,
        finalize: never,
      },
      watch: { arm: never },
      rpc: {
        send: never,
        transaction: never,
        isKnownElsewhere: async () => false,
        finalized: async () => ({ blockHeight: slot, slot }),
        statuses: async (signatures) => ({ slot, statuses: signatures.map(() => null) }),
      },
    },
    [tradeId],
  );
  const last = rows.of(tradeId).attempts.at(-1);
  if (last?.status !== "expired") throw new Error(`the last attempt of ${tradeId} is ${last?.status}`);
}

/** The unfinished trades that nothing will come back to: there must be none. */
export function forgotten({ queues, rows }: World): readonly string[] {
  if (rows.position.status === "closed" || rows.position.status === "aborted") return [];
  const unfinished = rows.all().filter(({ trade }) => trade.status === "planned" || trade.status === "submitted");
  return unfinished.filter((record) => !isDriven(queues, record)).map(({ trade }) => trade.tradeId);
}

/** Looked for, or to be tried: and that not so early that the message would end as another one's echo. */
function isDriven(queues: DelayedQueues, { trade, attempts }: TradeRecord): boolean {
  const flies = attempts.some(({ status }) => UNFINISHED_ATTEMPTS.some((unfinished) => unfinished === status));
  if (flies && queues.due("confirm", trade.tradeId).length > 0) return true;
  const { retryAt } = trade.setbacks;
  const from = retryAt === null ? 0 : retryAt.getTime() - ECHO_MS;
  return queues.due("execute", trade.tradeId).some((due) => due.getTime() >= from);
}

/** The alarms that were raised, in order. */
export const alarms = ({ rows }: World): readonly string[] =>
  rows.events.flatMap((event) => (event.name === "alarm_raised" ? [event.payload.code] : []));
