/** One position and its trades as rows of the stores in memory, put there in any status, and looked at between two awaits. */
import type { AccountStore } from "../src/account/account.store.ts";
import type { NewEvent } from "../src/event/event.ts";
import { MARKET_SEED } from "../src/market/market.ts";
import { ZERO } from "../src/money/amount.ts";
import { positionOf } from "../src/position/position.row.ts";
import type { PositionStore } from "../src/position/position.store.ts";
import type { Position } from "../src/position/position.ts";
import type { AttemptStore } from "../src/trade/attempt.store.ts";
import type { ExitStore, ExitSurroundings } from "../src/trade/exit.store.ts";
import type { TradeRecord, TradeStore } from "../src/trade/trade.store.ts";
import type { Trade } from "../src/trade/trade.ts";
import type { TurnStore } from "../src/trade/turn.store.ts";
import { fill, price } from "./given.ts";
import { MemoryDatabase, type PositionRow, type TradeRow } from "./memory/database.ts";
import { NEW_TRADE } from "./memory/judged.memory.ts";
import { memoryStores } from "./memory/stores.ts";
import { recordOf } from "./memory/trade.memory.ts";
import type { Stores } from "./stores.given.ts";

export class TradeRows {
  readonly db = new MemoryDatabase();
  readonly #stores: Stores = memoryStores(this.db);
  readonly #positionId: number;
  /** What the account's other trades and positions would come to. */
  around: Partial<ExitSurroundings> = {};
  readonly trades: TradeStore = this.#stores.trades;
  readonly attempts: AttemptStore = this.#stores.attempts;
  readonly positions: PositionStore = this.#stores.positions;
  readonly accounts: AccountStore = this.#stores.accounts;
  readonly turns: TurnStore = this.#stores.turns;
  readonly exits: ExitStore = {
    ...this.#stores.exits,
    surroundings: async (trade) => ({ ...(await this.#stores.exits.surroundings(trade)), ...this.around }),
  };

  constructor({ trade, position, wallet }: TradeRecord) {
    const { accountId, positionId } = position;
    this.#positionId = positionId;
    this.db.accounts.insert({ accountId, wallet, createdAt: position.createdAt, dailyUse: 0n, dailyUseOn: null });
    for (const market of MARKET_SEED) this.db.markets.insert(market);
    this.db.positions.insert({ ...rowOf(position), eventSequence: 0 });
    if (trade.kind === "exit") this.db.trades.insert(entryOf(trade));
    this.plan(trade);
  }

  get position(): Position {
    return positionOf(this.db.positions.named(this.#positionId));
  }

  set position(position: Position) {
    this.db.positions.update(this.#positionId, rowOf(position));
  }

  /** All that was told, in order. */
  get events(): readonly NewEvent[] {
    return Array.from(this.db.outbox.values(), ({ name, payload }) => ({ name, payload }) as NewEvent);
  }

  /** All that is there but for the entry of an exit's position, in the order it was planned. */
  all(): readonly TradeRecord[] {
    const rows = [...this.db.trades.values()].filter(({ tradeId }) => tradeId !== ENTRY_ID);
    return rows.map((row) => recordOf(this.db, row));
  }

  of(tradeId: string): TradeRecord {
    return recordOf(this.db, this.db.trades.named(tradeId));
  }

  plan(trade: Trade): void {
    this.db.trades.insert(planOf(trade));
  }

  /** The last attempt of the trade has spent all that it was to, and is final. */
  async landed(tradeId: string, at: Date): Promise<void> {
    const { trade, position } = this.of(tradeId);
    const attemptId = this.#lastOf(tradeId);
    const moved = { attemptId, fill: fill({ amountIn: trade.amountIn }), feeQuote: null };
    const judged = { judged: position.status, entryPrice: price(150), events: [], at };
    if (!(await this.#stores.fills.land({ ...moved, ...judged }))) throw new Error(`${attemptId} has not landed`);
    await this.#stores.fills.finalize(attemptId, this.position, ZERO, [], at);
  }

  /** The last attempt of the trade cannot land any more. */
  async expired(tradeId: string, at: Date): Promise<void> {
    await this.attempts.expire(this.#lastOf(tradeId), at);
  }

  #lastOf(tradeId: string): string {
    const last = this.of(tradeId).attempts.at(-1);
    if (!last) throw new Error(`${tradeId} has no attempt`);
    return last.attemptId;
  }
}

const ENTRY_ID = "trd_entry";

/** What entered the position that an exit is of: final, or nothing would be written off of it. */
const entryOf = ({
  accountId,
  positionId,
  symbol,
  side,
  inputMint,
  outputMint,
  amountIn,
  plannedAt,
}: Trade): TradeRow => ({
  ...NEW_TRADE,
  tradeId: ENTRY_ID,
  accountId,
  positionId,
  symbol,
  kind: "entry",
  side: side === "buy" ? "sell" : "buy",
  status: "finalized",
  inputMint: outputMint,
  outputMint: inputMint,
  amountIn,
  plannedAt,
  submittedAt: plannedAt,
  confirmedAt: plannedAt,
  finalizedAt: plannedAt,
});

/** But for its events, which go on. */
const rowOf = (position: Position): Omit<PositionRow, "eventSequence"> => ({
  positionId: position.positionId,
  accountId: position.accountId,
  symbol: position.symbol,
  side: position.side,
  status: position.status,
  seat: 1,
  size: position.size,
  ...position.totals,
  exiting: position.exiting,
  inDoubt: position.inDoubt,
  stop: position.stop,
  version: position.version,
  entryPrice: ("entryPrice" in position && position.entryPrice) || null,
  highWaterMark: ("highWaterMark" in position && position.highWaterMark) || null,
  partial: "partial" in position && position.partial,
  closeReason: "closeReason" in position ? position.closeReason : null,
  createdAt: position.createdAt,
  openedAt: ("openedAt" in position && position.openedAt) || null,
  closedAt: "closedAt" in position ? position.closedAt : null,
});

const planOf = ({ setbacks, status, ...trade }: Trade): TradeRow => {
  if (status !== "planned") throw new Error(`${trade.tradeId} is ${status}: it is to be planned`);
  const waits = { setback: setbacks.last, setbacks: setbacks.count, retryAt: setbacks.retryAt };
  return { ...NEW_TRADE, ...trade, ...waits };
};
