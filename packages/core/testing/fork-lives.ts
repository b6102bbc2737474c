/** The life of one position over any stores and a chain that forks: driven by its messages, at their time, until nothing of it moves. */
import { Keypair } from "@solana/web3.js";
import { configFrom } from "../src/config.ts";
import { legs, MARKET_SEED, type Side } from "../src/market/market.ts";
import { bps } from "../src/money/bps.ts";
import { held } from "../src/position/position.ts";
import type { PriceSource } from "../src/price/accepted.ts";
import type { Queues } from "../src/queue/queue.ts";
import { type ExpiredDeps, recheckExpired } from "../src/reconcile/expired.ts";
import type { Expired } from "../src/reconcile/reconcile.store.ts";
import { keypairKey } from "../src/solana/keypair-key.ts";
import { armedStop } from "../src/stop/stop.store.ts";
import { type ConfirmDeps, confirmTrades } from "../src/trade/confirm.ts";
import { driveTrade } from "../src/trade/drive.ts";
import { signAttempt } from "../src/trade/sign.ts";
import type { SubmitDeps } from "../src/trade/submit.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { exitTradeId, UNFINISHED_TRADES } from "../src/trade/trade.ts";
import { DelayedQueues } from "./delayed-queues.ts";
import { fakeFirewall } from "./fake-node.ts";
import { FakeClock } from "./fakes.ts";
import { ForkingChain } from "./forking-chain.ts";
import { price, SOL_USDC, units } from "./given.ts";
import { type SteeredJupiter, steeredJupiter } from "./steered-jupiter.ts";
import type { Stores } from "./stores.given.ts";

/** What an entry spends: 100 USDC, or 1 SOL. */
const SPENT = { buy: units(100_000_000), sell: units(1_000_000_000) };

/** Ten virtual minutes of looks every other second, at each of a few trades. */
const DELIVERIES_MAX = 2_000;

let lives = 0;

export interface Life {
  readonly chain: ForkingChain;
  readonly jupiter: SteeredJupiter;
  readonly clock: FakeClock;
  readonly entryId: string;
  readonly positionId: number;
  /** What was logged, and when. */
  readonly log: readonly (readonly [event: string, at: Date])[];
  /** The entry first. */
  trades(): Promise<readonly TradeRecord[]>;
  entry(): Promise<TradeRecord>;
  /** The last one. */
  exit(): Promise<TradeRecord>;
  /** Its stop is hit, if one is watched. */
  fire(): Promise<void>;
  /** A person closes a part of what is left, if it is open. */
  close(part: bigint): Promise<void>;
  /** What was taken for dead is asked for once more. */
  recheck(): Promise<void>;
  /** Delivers one message. @throws when there is none, though something of it is unfinished. */
  step(): Promise<void>;
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
  isOver(): Promise<boolean>;
}

const CONFIG = configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" });

export async function live(stores: Stores, side: Side): Promise<Life> {
  const keypair = Keypair.generate();
  const wallet = keypair.publicKey.toBase58();
  const name = `fork_${++lives}`;
  const [clock, logged] = [new FakeClock(), [] as (readonly [string, Date])[]];
  const [waiting, chain] = [new DelayedQueues(clock), new ForkingChain(wallet, clock)];
  /** Whatever is planned has a message before. */
  const known = new Set<string>();
  const queues: Queues = {
    send(queue, tradeId, delaySeconds) {
      known.add(tradeId);
      return waiting.send(queue, tradeId, delaySeconds);
    },
  };
  const jupiter = steeredJupiter(clock);
  const log = {
    info: (event: string) => void logged.push([event, clock.now()]),
    error: (event: string) => void logged.push([event, clock.now()]),
  };
  await stores.markets.seed(MARKET_SEED);
  await stores.accounts.add({ accountId: name, wallet }, clock.now());
  const key = keypairKey(keypair.secretKey);
  const expired = async (_since: Date, tradeIds: readonly string[] | null, before: Expired | null) => {
    const records = before === null ? await stores.trades.findMany(tradeIds ?? [...known]) : [];
    return records.flatMap(({ attempts }) => attempts.flatMap((each) => (each.status === "expired" ? [each] : [])));
  };
  const priceSource: PriceSource = { name: "silent", fetch: async () => new Map() };
  const signing = {
    accounts: stores.accounts,
    positions: stores.positions,
    firewall: fakeFirewall(chain.rpc, wallet),
    priceSource,
    key,
  };
  const deps: SubmitDeps & ConfirmDeps & ExpiredDeps = {
    ...stores,
    looks: { expired },
    clock,
    log,
    queues,
    jupiter,
    rpc: chain.rpc,
    config: CONFIG,
    markets: MARKET_SEED,
    prices: {
      prices: async () => new Map([[SOL_USDC.symbol, { price: price(150), at: clock.now(), source: "test" }]]),
    },
    signing: { sign: (attemptId) => signAttempt({ ...deps, config: CONFIG, ...signing }, attemptId) },
    watch: { arm: async () => {} },
    wakeRelay: async () => {},
  };

  const entryId = `trd_${name}`;
  const { input, output } = legs(SOL_USDC, side);
  await queues.send("execute", entryId, 0);
  await stores.trades.planEntry({
    tradeId: entryId,
    accountId: name,
    symbol: SOL_USDC.symbol,
    side,
    size: SPENT.buy,
    inputMint: input,
    outputMint: output,
    amountIn: SPENT[side],
    minimumOut: null,
    funds: { balance: units(10n ** 15n), at: clock.now() },
    stop: { kind: "trailing", distanceBps: bps(300) },
    idempotencyKey: entryId,
    requestDigest: "digest",
    maxPositionsPerSymbol: 3,
    at: clock.now(),
  });
  const exits: string[] = [];
  const find = async (tradeId: string): Promise<TradeRecord> => {
    const record = await stores.trades.find(tradeId);
    if (!record) throw new Error(`there is no trade ${tradeId}`);
    return record;
  };
  const { positionId } = (await find(entryId)).position;

  const made: Life = {
    chain,
    jupiter,
    clock,
    entryId,
    positionId,
    log: logged,
    trades: () => stores.trades.findMany([...known]),
    entry: () => find(entryId),
    exit: () => find(exits.at(-1) ?? "no exit"),
    async fire() {
      const { position } = await find(entryId);
      const armed = armedStop(position);
      if (!armed) return;
      const tradeId = exitTradeId(positionId, armed.version, 1);
      await queues.send("execute", tradeId, 0);
      const prices = { acceptedPrice: price(100), stopPrice: price(145) };
      await stores.stops.claim([{ armed, reason: "trailing_stop", ...prices, exitTradeId: tradeId }], clock.now());
      if (await stores.trades.find(tradeId)) exits.push(tradeId);
    },
    async close(part) {
      const { position } = await find(entryId);
      const seen = held(position.totals) - position.exiting;
      if (position.status !== "open" || seen < part) return;
      const tradeId = `${entryId}_close_${exits.length}`;
      await queues.send("execute", tradeId, 0);
      const amounts = { seen: units(seen), amountIn: units(seen / part) };
      const { accountId } = position;
      await stores.positions.planClose({
        accountId,
        positionId,
        tradeId,
        ...amounts,
        key: null,
        events: [],
        at: clock.now(),
      });
      if (await stores.trades.find(tradeId)) exits.push(tradeId);
    },
    recheck: () => recheckExpired(deps, [...known]),
    async step() {
      const delivered = await waiting.deliver(async ({ queue, tradeId }) => {
        if (queue === "execute") await driveTrade(deps, tradeId);
        if (queue === "confirm") return (await confirmTrades(deps, [tradeId])).length === 0;
        if (queue === "reconcile") await recheckExpired(deps, [tradeId]);
        return true;
      });
      if (!delivered) throw new Error(`nothing drives ${entryId} any more: ${logged.map(([event]) => event)}`);
    },
    async until(what, isSo) {
      for (let deliveries = 0; deliveries < DELIVERIES_MAX; deliveries++) {
        if (await isSo()) return;
        await made.step();
      }
      throw new Error(`it does not come to this: ${what}: ${logged.slice(-20).map(([event]) => event)}`);
    },
    async isOver() {
      const trades = await made.trades();
      return !trades.some(({ trade }) => UNFINISHED_TRADES.some((status) => status === trade.status));
    },
  };
  return made;
}
