/**
 * The deployed handlers over a real PostgreSQL, for one account of its own; the chain, Jupiter, the queues and Redis are made
 * up. Calls may come side by side, as many at once as a test likes.
 */
import { configFrom } from "@backstop/core/config";
import { MARKET_SEED } from "@backstop/core/market/market";
import type { BatchHandler } from "@backstop/core/queue/batch";
import { keypairKey } from "@backstop/core/solana/keypair-key";
import type { SignAnswer } from "@backstop/core/solana/signer";
import { DelayedQueues } from "@backstop/core/testing/delayed-queues";
import { type FakeChain, fakeChain } from "@backstop/core/testing/fake-chain";
import { fakeJupiter } from "@backstop/core/testing/fake-jupiter";
import { fakeFirewall } from "@backstop/core/testing/fake-node";
import { FakeClock, fakeLog, type SentMessage } from "@backstop/core/testing/fakes";
import { price, SOL_USDC } from "@backstop/core/testing/given";
import { storesOver } from "@backstop/core/testing/stores";
import type { Stores } from "@backstop/core/testing/stores.given";
import { exitStore } from "@backstop/core/trade/exit.store";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { turnStore } from "@backstop/core/trade/turn.store";
import type { TradeView } from "@backstop/core/trade/view";
import { Keypair } from "@solana/web3.js";
import * as ConfirmTrades from "../../../functions/confirm-trades.ts";
import * as ExecuteTrades from "../../../functions/execute-trades.ts";
import * as Sign from "../../../functions/sign.ts";
import { ids } from "../../../functions/system.ts";
import * as Trades from "../../../functions/trades.ts";
import { startApi } from "../src/aws/api-gateway.ts";
import type { RealDatabase } from "./real-database.ts";

export interface RealEngine {
  readonly accountId: string;
  /** What the handlers are made of. */
  readonly deps: Parameters<typeof Trades.make>[0] & Parameters<typeof ConfirmTrades.make>[0];
  readonly stores: Stores;
  readonly chain: FakeChain;
  readonly clock: FakeClock;
  readonly queues: DelayedQueues;
  /** `POST /trades` of 100 USDC of SOL under a trailing stop. */
  post(idempotencyKey: string): Promise<Answer>;
  /** One delivery to a function of its own. */
  execute(tradeId: string): Promise<boolean>;
  confirm(tradeId: string): Promise<boolean>;
  /** Delivers what is queued, in its order and at its time, until the trade is as it should be. */
  until(tradeId: string, isSo: (record: TradeRecord) => boolean): Promise<TradeRecord>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: Partial<TradeView> & { readonly code?: string };
}

const API_KEY = "key";

/** Of SOL, in USD: what the fake Jupiter's quotes come to. */
const PRICE = 150;

/** A trade's life is about ten messages; the other trades of the account have theirs in between. */
const DELIVERIES_MAX = 500;

const BODY = JSON.stringify({ symbol: SOL_USDC.symbol, side: "buy", size: "100", stop: { kind: "trailing" } });

export async function realEngine({ db }: RealDatabase): Promise<RealEngine> {
  const keypair = Keypair.generate();
  const wallet = keypair.publicKey.toBase58();
  const account = { accountId: `acc_${wallet}`, wallet };
  const [stores, clock, log, chain] = [storesOver(db), new FakeClock(), fakeLog(), fakeChain(wallet)];
  const queues = new DelayedQueues(clock);
  await stores.markets.seed(MARKET_SEED);
  await stores.accounts.add(account, clock.now());

  const config = configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" });
  const deps = {
    ...stores,
    turns: turnStore(db),
    exits: exitStore(db),
    clock,
    ids,
    log,
    config,
    account,
    apiKey: API_KEY,
    markets: MARKET_SEED,
    jupiter: fakeJupiter(clock),
    priceSource: {
      name: "test",
      fetch: async () =>
        new Map([
          [SOL_USDC.baseMint, { usdPrice: PRICE, blockId: null }],
          [SOL_USDC.quoteMint, { usdPrice: 1, blockId: null }],
        ]),
    },
    watched: { rememberPrices: async () => {} },
    prices: {
      prices: async () => new Map([[SOL_USDC.symbol, { price: price(PRICE), at: clock.now(), source: "test" }]]),
    },
    watch: { arm: async () => {} },
    rpc: chain,
    balances: chain,
    firewall: fakeFirewall(chain, wallet),
    withdrawKey: null,
    key: keypairKey(keypair.secretKey),
    signing: { sign: (attemptId: string): Promise<SignAnswer> => Sign.make(deps)({ attemptId }) },
    queues,
    wakeRelay: async () => {},
  };
  const execute = (tradeId: string) => deliver(ExecuteTrades.make(deps), tradeId);
  const confirm = (tradeId: string) => deliver(ConfirmTrades.make(deps), tradeId);
  // Nothing that happens here is to need reconciling.
  const drivers = { execute, confirm, reconcile: async () => true };
  const api = await startApi({ routes: { "POST /trades": Trades.make(deps) } });

  return {
    accountId: account.accountId,
    deps,
    stores,
    chain,
    clock,
    queues,
    async post(idempotencyKey) {
      const response = await fetch(`${api.url}/trades`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${API_KEY}`,
          "content-type": "application/json",
          "idempotency-key": idempotencyKey,
        },
        body: BODY,
      });
      const type = response.headers.get("content-type");
      return { status: response.status, type, body: (await response.json()) as Answer["body"] };
    },
    execute,
    confirm,
    async until(tradeId, isSo) {
      for (let deliveries = 0; deliveries < DELIVERIES_MAX; deliveries++) {
        const record = await stores.trades.find(tradeId);
        if (record && isSo(record)) return record;
        const work = (message: SentMessage) => drivers[message.queue](message.tradeId);
        if (!(await queues.deliver(work))) throw new Error(`nothing drives ${tradeId} any more: ${log.lines}`);
      }
      throw new Error(`${tradeId} is not there after ${DELIVERIES_MAX} messages: ${log.lines}`);
    },
    close: api.close,
  };
}

/** One delivery of a message that names the trade. True: it was done with. */
export async function deliver(handler: BatchHandler, tradeId: string): Promise<boolean> {
  const answer = await handler({ Records: [{ messageId: tradeId, body: JSON.stringify({ tradeId }) }] });
  return answer.batchItemFailures.length === 0;
}
