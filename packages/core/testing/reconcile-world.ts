/** An account on stores and a made-up chain, as `reconcile` sees them: positions with a past, and what became of it. */
import type { StoredEvent } from "../src/event/event.ts";
import { MARKET_SEED, type Market } from "../src/market/market.ts";
import { bps } from "../src/money/bps.ts";
import { held } from "../src/position/position.ts";
import type { ReconcileDeps } from "../src/reconcile/reconcile.ts";
import { armedStop } from "../src/stop/stop.store.ts";
import { attemptIdOf } from "../src/trade/attempt.ts";
import { tradeExecuted } from "../src/trade/events.ts";
import type { TradeRecord } from "../src/trade/trade.store.ts";
import { exitTradeId } from "../src/trade/trade.ts";
import { FakeWallet } from "./fake-wallet.ts";
import { FakeClock, fakeLog, fakeQueues } from "./fakes.ts";
import { fill, price, SOL_USDC, units } from "./given.ts";
import { openMemoryWatch } from "./memory/watch.given.ts";
import type { Stores } from "./stores.given.ts";

/** What every entry spends, in base units of USDC. */
const COST = 100_000_000n;

let names = 0;

export async function reconcileWorld(stores: Stores) {
  const accountId = `acc_reconcile_${++names}`;
  const wallet = new FakeWallet(`wallet of ${accountId}`);
  const [clock, queues, log] = [new FakeClock(), fakeQueues(), fakeLog()];
  await stores.markets.seed(MARKET_SEED);
  await stores.accounts.add({ accountId, wallet: wallet.address }, clock.now());
  const deps: ReconcileDeps = {
    clock,
    log,
    queues,
    looks: stores.looks,
    shortages: stores.shortages,
    trades: stores.trades,
    attempts: stores.attempts,
    fills: stores.fills,
    turns: stores.turns,
    stops: stores.stops,
    book: openMemoryWatch(clock).store,
    rpc: wallet.rpc,
    markets: MARKET_SEED,
    prices: { prices: async () => new Map() },
    wakeRelay: async () => {},
  };

  const find = async (tradeId: string): Promise<TradeRecord> => there(await stores.trades.find(tradeId), tradeId);
  const last = ({ attempts, trade }: TradeRecord) => there(attempts.at(-1), `an attempt of ${trade.tradeId}`);

  async function plan(side: "buy" | "sell" = "buy", market: Market = SOL_USDC): Promise<TradeRecord> {
    const tradeId = `trd_reconcile_${++names}`;
    const [input, output] = side === "buy" ? [market.quoteMint, market.baseMint] : [market.baseMint, market.quoteMint];
    await stores.trades.planEntry({
      tradeId,
      accountId,
      symbol: market.symbol,
      side,
      size: units(COST),
      inputMint: input,
      outputMint: output,
      amountIn: units(COST),
      minimumOut: null,
      funds: { balance: units(10n ** 15n), at: clock.now() },
      stop: { kind: "trailing", distanceBps: bps(300) },
      idempotencyKey: tradeId,
      requestDigest: "digest",
      maxPositionsPerSymbol: 10,
      at: clock.now(),
    });
    return find(tradeId);
  }

  async function draft({ trade, attempts }: TradeRecord): Promise<boolean> {
    const number = attempts.length + 1;
    return stores.attempts.draft({
      attemptId: attemptIdOf(trade.tradeId, number),
      tradeId: trade.tradeId,
      number,
      follows: attempts.at(-1)?.attemptId ?? null,
      message: "message",
      blockhash: "blockhash",
      lastValidBlockHeight: 1n,
      slippageBps: bps(50),
      quotedOut: units(1),
      minimumOut: units(1),
      route: ["Pool"],
      draftedAt: clock.now(),
    });
  }

  /** Its next attempt is signed, and the trade submitted. */
  async function send(record: TradeRecord): Promise<TradeRecord> {
    await draft(record);
    const drafted = last(await find(record.trade.tradeId));
    await stores.attempts.sign(drafted.attemptId, `sig of ${drafted.attemptId}`, clock.now());
    const live = await find(record.trade.tradeId);
    const signed = last(live);
    if (signed.status !== "live") throw new Error(`${drafted.attemptId} is ${signed.status}`);
    await stores.trades.submit(signed.attemptId, [tradeExecuted(live.trade, signed)], clock.now());
    return find(record.trade.tradeId);
  }

  /** Its last attempt lands in the next slot, and moves this much. */
  async function land(record: TradeRecord, amountIn: bigint, amountOut: bigint): Promise<TradeRecord> {
    const { trade, position } = record;
    const attempt = last(record);
    wallet.move(`sig of ${attempt.attemptId}`, [
      [trade.inputMint, -amountIn],
      [trade.outputMint, amountOut],
    ]);
    await stores.fills.land({
      attemptId: attempt.attemptId,
      fill: fill({ amountIn: units(amountIn), amountOut: units(amountOut), slot: wallet.slot }),
      feeQuote: units(900),
      judged: position.status,
      entryPrice: price(150),
      events: [],
      at: clock.now(),
    });
    return find(trade.tradeId);
  }

  async function finalize(record: TradeRecord): Promise<TradeRecord> {
    await stores.fills.finalize(last(record).attemptId, record.position, units(0), [], clock.now());
    return find(record.trade.tradeId);
  }

  return {
    stores,
    deps,
    accountId,
    wallet,
    clock,
    queues,
    log,
    find,
    plan,
    draft,
    send,
    land,
    finalize,

    /** A position whose entry is final. */
    async lot(amountOut: bigint, side: "buy" | "sell" = "buy"): Promise<TradeRecord> {
      return finalize(await land(await send(await plan(side)), COST, amountOut));
    },

    /** Its stop fires: the exit of all it holds is planned. */
    async fire({ trade }: TradeRecord): Promise<TradeRecord> {
      const { position } = await find(trade.tradeId);
      const armed = there(armedStop(position), `a stop of ${position.positionId}`);
      const tradeId = exitTradeId(position.positionId, armed.version, 1);
      const prices = { acceptedPrice: price(140), stopPrice: price(145) };
      await stores.stops.claim([{ armed, reason: "trailing_stop", ...prices, exitTradeId: tradeId }], clock.now());
      return find(tradeId);
    },

    /** A person closes a part of it. */
    async close({ trade }: TradeRecord, amountIn: bigint): Promise<TradeRecord> {
      const { position } = await find(trade.tradeId);
      const tradeId = `trd_reconcile_${++names}`;
      const seen = units(held(position.totals) - position.exiting);
      const { positionId } = position;
      const events = { key: null, events: [], at: clock.now() };
      await stores.positions.planClose({ accountId, positionId, tradeId, seen, amountIn: units(amountIn), ...events });
      return find(tradeId);
    },

    /** A part of it is written off. */
    async takeOff({ position: { positionId } }: TradeRecord, gone: bigint): Promise<void> {
      const mint = SOL_USDC.baseMint;
      const { lots } = await deps.shortages.books(accountId, mint);
      const lot = there(
        lots.find((each) => each.position.positionId === positionId),
        `a lot ${positionId}`,
      );
      await deps.shortages.writeOff({ accountId, mint, lot, amount: units(gone), events: [], at: clock.now() });
    },

    async expire(record: TradeRecord): Promise<TradeRecord> {
      await stores.attempts.expire(last(record).attemptId, clock.now());
      return find(record.trade.tradeId);
    },

    /** What was taken for dead lands in the next slot after all; the books do not know yet. */
    landLate({ trade }: TradeRecord, attemptId: string, amountIn: bigint, amountOut: bigint): void {
      wallet.move(`sig of ${attemptId}`, [
        [trade.inputMint, -amountIn],
        [trade.outputMint, amountOut],
      ]);
    },

    async events(positionId: number): Promise<readonly StoredEvent[]> {
      return (await stores.outbox.after(0n, 100_000)).filter((event) => event.positionId === positionId);
    },
  };
}

export type ReconcileWorld = Awaited<ReturnType<typeof reconcileWorld>>;

function there<Value>(value: Value | null | undefined, what: string): Value {
  if (value === null || value === undefined) throw new Error(`there is no ${what}`);
  return value;
}
