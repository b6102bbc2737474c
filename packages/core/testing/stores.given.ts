/** Rows in any of their states, made by the stores themselves: what their contracts begin with. */
import { expect } from "vitest";
import type { AccountStore } from "../src/account/account.store.ts";
import type { NewEvent } from "../src/event/event.ts";
import type { OutboxStore } from "../src/event/outbox.store.ts";
import type { MarketStore } from "../src/market/market.store.ts";
import { AMOUNT_MAX } from "../src/money/amount.ts";
import { bps } from "../src/money/bps.ts";
import type { PositionStore } from "../src/position/position.store.ts";
import type { ReconcileStore } from "../src/reconcile/reconcile.store.ts";
import type { ShortageStore } from "../src/reconcile/shortage.store.ts";
import { armedStop, type Fired, type StopStore } from "../src/stop/stop.store.ts";
import { triggerPrice } from "../src/stop/stop.ts";
import type { AttemptDraft, AttemptStore } from "../src/trade/attempt.store.ts";
import { attemptIdOf, type Fill } from "../src/trade/attempt.ts";
import { tradeExecuted } from "../src/trade/events.ts";
import type { ExitStore } from "../src/trade/exit.store.ts";
import type { FillStore } from "../src/trade/fill.store.ts";
import type { EntryPlan, TradeRecord, TradeStore } from "../src/trade/trade.store.ts";
import { exitTradeId } from "../src/trade/trade.ts";
import type { Postponement, TurnStore } from "../src/trade/turn.store.ts";
import type { DestinationStore } from "../src/transfer/destination.store.ts";
import type { TransferStore } from "../src/transfer/transfer.store.ts";
import { AT, fill, price, SOL_USDC, units } from "./given.ts";

export interface Stores {
  readonly accounts: AccountStore;
  readonly markets: MarketStore;
  readonly trades: TradeStore;
  readonly attempts: AttemptStore;
  readonly turns: TurnStore;
  readonly exits: ExitStore;
  readonly fills: FillStore;
  readonly positions: PositionStore;
  readonly stops: StopStore;
  readonly shortages: ShortageStore;
  readonly looks: ReconcileStore;
  readonly outbox: OutboxStore;
  readonly transfers: TransferStore;
  readonly destinations: DestinationStore;
}

export const later = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);

/** A name no test has used: the stores of one suite share a database. */
let names = 0;
export const unique = (prefix: string): string => `${prefix}_${(names++).toString().padStart(4, "0")}`;

/** A moment after every one that was asked for before. */
export const next = (): Date => new Date(later(2).getTime() + names++);

/** What an opened position holds. */
export const HOLDING = 666_000_000n;

/** @param stores - They are opened when the tests begin. */
export function givenIn(stores: () => Stores) {
  const newAccount = async (): Promise<string> => {
    const accountId = unique("acc");
    await stores().accounts.add({ accountId, wallet: `wallet of ${accountId}` }, AT);
    return accountId;
  };

  const plan = (accountId: string, over: Partial<EntryPlan> = {}): EntryPlan => ({
    tradeId: unique("trd"),
    accountId,
    symbol: SOL_USDC.symbol,
    side: "buy",
    size: units(100_000_000),
    inputMint: SOL_USDC.quoteMint,
    outputMint: SOL_USDC.baseMint,
    amountIn: units(100_000_000),
    minimumOut: null,
    funds: { balance: units(AMOUNT_MAX), at: AT },
    stop: { kind: "trailing", distanceBps: bps(300) },
    idempotencyKey: unique("key"),
    requestDigest: "digest",
    maxPositionsPerSymbol: 3,
    at: AT,
    ...over,
  });

  const find = async (tradeId: string): Promise<TradeRecord> =>
    (await stores().trades.find(tradeId)) ?? expect.unreachable(`trade ${tradeId} is there`);

  const planned = async (over: Partial<EntryPlan> = {}): Promise<TradeRecord> => {
    const entry = plan(over.accountId ?? (await newAccount()), over);
    expect(await stores().trades.planEntry(entry)).toEqual({ outcome: "planned" });
    return find(entry.tradeId);
  };

  const draftOf = ({ trade, attempts }: TradeRecord, over: Partial<AttemptDraft> = {}): AttemptDraft => {
    const number = attempts.length + 1;
    return {
      attemptId: attemptIdOf(trade.tradeId, number),
      tradeId: trade.tradeId,
      number,
      follows: attempts.at(-1)?.attemptId ?? null,
      message: "message",
      blockhash: "blockhash",
      lastValidBlockHeight: 2n ** 60n,
      slippageBps: bps(50),
      quotedOut: units(665_000_000),
      minimumOut: units(661_000_000),
      route: ["Pool"],
      draftedAt: AT,
      ...over,
    };
  };

  const draft = (record: TradeRecord): Promise<boolean> => stores().attempts.draft(draftOf(record));

  const drafted = async (record: TradeRecord): Promise<TradeRecord> => {
    expect(await draft(record)).toBe(true);
    return find(record.trade.tradeId);
  };

  const lastOf = ({ attempts }: TradeRecord) => attempts.at(-1) ?? expect.unreachable("there is an attempt");

  const signed = async (record: TradeRecord): Promise<TradeRecord> => {
    const withDraft = await drafted(record);
    const { attemptId } = lastOf(withDraft);
    expect(await stores().attempts.sign(attemptId, unique("sig"), AT)).toBe(true);
    const withSignature = await find(record.trade.tradeId);
    const last = lastOf(withSignature);
    if (last.status !== "live") return expect.unreachable("signed is live");
    await stores().trades.submit(attemptId, [tradeExecuted(withSignature.trade, last)], AT);
    return find(record.trade.tradeId);
  };

  const land = (record: TradeRecord, moved: Fill, events: readonly NewEvent[] = []): Promise<boolean> =>
    stores().fills.land({
      attemptId: lastOf(record).attemptId,
      fill: moved,
      feeQuote: units(900),
      judged: record.position.status,
      entryPrice: price(150),
      events,
      at: later(1),
    });

  const opened = async (over: Partial<EntryPlan> = {}): Promise<TradeRecord> => {
    const record = await signed(await planned(over));
    expect(await land(record, fill({ amountIn: units(100_000_000), amountOut: units(HOLDING) }))).toBe(true);
    return find(record.trade.tradeId);
  };

  const failEntry = (tradeId: string, attempts: number, draftId: string | null = null): Promise<boolean> =>
    stores().trades.fail({
      tradeId,
      attempts,
      draft: draftId,
      failure: { code: "NETWORK_ERROR", message: "" },
      events: [],
      at: AT,
    });

  const firedOf = ({ position }: TradeRecord): Fired => {
    const armed = armedStop(position) ?? expect.unreachable("the stop is armed");
    return {
      armed,
      reason: "trailing_stop",
      acceptedPrice: price(140),
      stopPrice: triggerPrice(armed) ?? expect.unreachable("the stop is active"),
      exitTradeId: exitTradeId(position.positionId, armed.version, 1),
    };
  };

  /** The entry of the position is final, whatever it was before: without that, nothing of it ends. */
  const entryFinal = async ({ position }: Pick<TradeRecord, "position">): Promise<void> => {
    const entry = await find(
      (await stores().trades.findEntry(position.positionId)) ?? expect.unreachable("it entered"),
    );
    if (entry.trade.status === "finalized") return;
    expect(await stores().fills.finalize(lastOf(entry).attemptId, entry.position, units(0), [], later(2))).toBe(true);
  };

  const closing = async (): Promise<TradeRecord> => {
    const entry = await opened();
    await entryFinal(entry);
    const fired = firedOf(entry);
    await stores().stops.claim([fired], later(2));
    return find(fired.exitTradeId);
  };

  const eventsOf = async (positionId: number) =>
    (await stores().outbox.after(0n, 100_000)).filter((event) => event.positionId === positionId);

  const again = ({ trade }: TradeRecord): Promise<TradeRecord> => find(trade.tradeId);

  const alarm = ({ trade }: TradeRecord): NewEvent => ({
    name: "alarm_raised",
    payload: {
      positionId: trade.positionId,
      symbol: trade.symbol,
      tradeId: trade.tradeId,
      code: "EXIT_DELAYED",
      message: "it takes long",
    },
  });

  const postponement = (record: TradeRecord, over: Partial<Postponement> = {}): Postponement => ({
    tradeId: record.trade.tradeId,
    attempts: record.attempts.length,
    setbacks: record.trade.setbacks.count,
    failure: { code: "RATE_LIMITED", message: "the plan's calls are used up" },
    retryAt: later(4),
    events: [],
    at: AT,
    ...over,
  });

  /** An exit of a part, or of all that is left, for a person. */
  const close = async ({ position }: TradeRecord, amountIn: bigint, seen: bigint): Promise<TradeRecord> => {
    await entryFinal({ position });
    const tradeId = unique("trd");
    const { accountId, positionId } = position;
    const amounts = { amountIn: units(amountIn), seen: units(seen) };
    const closed = { accountId, positionId, tradeId, ...amounts, key: null, events: [], at: next() };
    expect(await stores().positions.planClose(closed)).toBe(true);
    return find(tradeId);
  };

  return {
    newAccount,
    plan,
    find,
    planned,
    draftOf,
    draft,
    drafted,
    lastOf,
    signed,
    land,
    opened,
    failEntry,
    firedOf,
    entryFinal,
    closing,
    eventsOf,
    again,
    alarm,
    postponement,
    close,
  };
}
