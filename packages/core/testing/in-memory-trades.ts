/**
 * One position and its trades, in memory: what the stores do for bringing a trade on its way, as far as that goes.
 *
 * Conditions are the same as in the statements; nothing here runs side by side.
 */

import type { NewEvent } from "../src/event/event.ts";
import { add, subtract } from "../src/money/amount.ts";
import { held, type Position } from "../src/position/position.ts";
import type { AttemptDraft, AttemptStore } from "../src/trade/attempt.store.ts";
import {
  type Attempt,
  type AttemptEvent,
  DEAD_ATTEMPTS,
  type Failing,
  transition as moved,
  UNFINISHED_ATTEMPTS,
} from "../src/trade/attempt.ts";
import { type ExitStore, type ExitSurroundings, latchedAt } from "../src/trade/exit.store.ts";
import type { TradeRecord, TradeStore } from "../src/trade/trade.store.ts";
import {
  MOVING_TRADES,
  NO_SETBACKS,
  type Setbacks,
  type Trade,
  type TradeEvent,
  transition,
  UNFINISHED_TRADES,
} from "../src/trade/trade.ts";
import type { TurnStore } from "../src/trade/turn.store.ts";

const within = (statuses: readonly string[], status: string): boolean => statuses.includes(status);

const unasked = (): Promise<never> => Promise.reject(new Error("nobody asks for this here"));

export class InMemoryTrades {
  readonly #rows = new Map<string, { trade: Trade; attempts: readonly Attempt[] }>();
  readonly #wallet: string;
  position: Position;
  /** What the account's other trades and positions come to. */
  around: Pick<ExitSurroundings, "heldByOthers" | "unfinished" | "lastFillSlot">;
  events: readonly NewEvent[] = [];

  constructor({ trade, attempts, position, wallet }: TradeRecord) {
    this.position = position;
    this.#wallet = wallet;
    this.#rows.set(trade.tradeId, { trade, attempts });
    this.around = { heldByOthers: 0n, unfinished: false, lastFillSlot: null };
  }

  /** All that is there, in the order it was planned. */
  all(): readonly TradeRecord[] {
    return [...this.#rows.values()].map((row) => ({ ...row, position: this.position, wallet: this.#wallet }));
  }

  of(tradeId: string): TradeRecord {
    const record = this.all().find(({ trade }) => trade.tradeId === tradeId);
    if (!record) throw new Error(`there is no trade ${tradeId}`);
    return record;
  }

  plan(trade: Trade): void {
    this.#rows.set(trade.tradeId, { trade, attempts: [] });
  }

  /** The last attempt of the trade goes on, as the chain or a signer would have it. */
  carry(tradeId: string, event: AttemptEvent): void {
    const { trade, attempts } = this.of(tradeId);
    const last = attempts.at(-1);
    if (!last) throw new Error(`${tradeId} has no attempt`);
    this.#rows.set(tradeId, {
      trade: followed({ ...trade, setbacks: setbacksAfter(trade.setbacks, event) }, event),
      attempts: [...attempts.slice(0, -1), moved(last, event)],
    });
  }

  readonly trades: TradeStore = {
    find: async (tradeId) => this.all().find(({ trade }) => trade.tradeId === tradeId) ?? null,
    findMany: async (tradeIds) => this.all().filter(({ trade }) => tradeIds.includes(trade.tradeId)),
    findEntry: unasked,
    findExit: unasked,
    findByKey: unasked,
    planEntry: unasked,
    submit: async (attemptId, events, at) => {
      const record = this.#byAttempt(attemptId);
      if (record?.trade.status !== "planned") return false;
      this.#transit(record.trade, { type: "submit", at });
      return this.#tell(events);
    },
    fail: async ({ tradeId, attempts, draft, failure, events, at }) => {
      const record = this.of(tradeId);
      if (!within(MOVING_TRADES, record.trade.status) || record.attempts.length !== attempts) return false;
      if (draft !== null) this.carry(tradeId, { type: "abandon", refusal: null });
      this.#transit(record.trade, { type: "fail", at, failure });
      this.position = { ...this.position, status: "aborted", closedAt: at };
      return this.#tell(events);
    },
  };

  readonly attempts: AttemptStore = {
    find: async (attemptId) => this.#attempt(attemptId),
    draft: async (draft) => this.#insert({ ...draft, positionId: this.position.positionId, status: "drafted" }),
    refuse: async (draft, refusal) =>
      this.#insert(refused({ ...draft, message: "" }, this.position.positionId, refusal)),
    sign: async (attemptId, signature, at) => {
      const record = this.#byAttempt(attemptId);
      if (!record || this.#attempt(attemptId)?.status !== "drafted") return false;
      this.carry(record.trade.tradeId, { type: "sign", at, signature });
      return true;
    },
    abandon: async (attemptId, refusal) => {
      const record = this.#byAttempt(attemptId);
      if (!record || this.#attempt(attemptId)?.status !== "drafted") return false;
      this.carry(record.trade.tradeId, { type: "abandon", refusal });
      return true;
    },
    expire: async (attemptId, at, events = []) => this.#die(attemptId, { type: "expire", at }, events),
    fail: async (attemptId, error, _feeQuote, at, events = []) =>
      this.#die(attemptId, { type: "error", at, ...error }, events),
  };

  readonly turns: TurnStore = {
    take: async ({ tradeId, turnUntil }, attempts, until) => {
      const record = this.of(tradeId);
      const same = record.trade.turnUntil?.getTime() === turnUntil?.getTime();
      if (!same || record.attempts.length !== attempts || !within(MOVING_TRADES, record.trade.status)) return false;
      this.#put({ ...record.trade, turnUntil: until });
      return true;
    },
    release: async (tradeId, until) => {
      const { trade } = this.of(tradeId);
      if (trade.turnUntil?.getTime() === until.getTime()) this.#put({ ...trade, turnUntil: null });
    },
    postpone: async ({ tradeId, attempts, setbacks, failure, retryAt, events }) => {
      const { trade, attempts: made } = this.of(tradeId);
      const asSeen = made.length === attempts && trade.setbacks.count === setbacks;
      if (!asSeen || !within(MOVING_TRADES, trade.status)) return false;
      this.#put({ ...trade, turnUntil: null, setbacks: { count: setbacks + 1, last: failure, retryAt } });
      return this.#tell(events);
    },
  };

  readonly exits: ExitStore = {
    surroundings: async ({ tradeId, plannedAt }) => {
      const others = this.all().filter(({ trade }) => trade.kind === "exit" && trade.tradeId !== tradeId);
      return {
        ...this.around,
        otherExits: others.some(({ trade }) => within(UNFINISHED_TRADES, trade.status)),
        waits: others.some(
          ({ trade, attempts }) =>
            (within(MOVING_TRADES, trade.status) && trade.plannedAt > plannedAt && trade.setbacks.count < 3) ||
            attempts.some((attempt) => within(UNFINISHED_ATTEMPTS, attempt.status)),
        ),
      };
    },
    replace: async ({
      tradeId,
      attempts,
      held: seen,
      exiting,
      otherExits,
      tries,
      parts,
      missing,
      dust,
      events,
      at,
    }) => {
      const { trade, attempts: made, position } = this.of(tradeId);
      const around = await this.exits.surroundings(trade);
      const asSeen = made.length === attempts && held(position.totals) === seen && position.exiting === exiting;
      if (!asSeen || !within(MOVING_TRADES, trade.status) || around.otherExits !== otherExits) return false;
      this.#transit(trade, { type: "supersede", at });
      const facts = { ...trade, status: "planned" as const, setbacks: NO_SETBACKS, turnUntil: null };
      for (const [index, part] of parts.entries()) {
        const plannedAt = latchedAt(at, parts.length, index);
        this.plan({ ...facts, ...part, replaces: tradeId, triesBefore: tries, plannedAt });
      }
      const totals = {
        ...position.totals,
        missing: add(position.totals.missing, missing),
        dust: add(position.totals.dust, dust),
      };
      const meant = parts.reduce((sum, { amountIn }) => add(sum, amountIn), subtract(position.exiting, trade.amountIn));
      const open = { ...position, totals, exiting: meant };
      const isOver = held(totals) === 0n && !otherExits && open.status === "closing";
      this.position = isOver ? { ...open, status: "closed", closedAt: at } : open;
      return this.#tell(events);
    },
  };

  #insert(attempt: Attempt): boolean {
    const { trade, attempts } = this.of(attempt.tradeId);
    const last = attempts.at(-1);
    const free = !last || within(DEAD_ATTEMPTS, last.status);
    if (!free || attempt.number !== attempts.length + 1 || !within(MOVING_TRADES, trade.status)) return false;
    const planned = { ...trade, setbacks: { ...trade.setbacks, retryAt: null }, turnUntil: null };
    this.#rows.set(trade.tradeId, { trade: planned, attempts: [...attempts, attempt] });
    return true;
  }

  #die(attemptId: string, event: AttemptEvent, events: readonly NewEvent[]): boolean {
    const record = this.#byAttempt(attemptId);
    if (!record || this.#attempt(attemptId)?.status !== "live") return false;
    this.carry(record.trade.tradeId, event);
    return this.#tell(events);
  }

  #attempt(attemptId: string): Attempt | null {
    return this.#byAttempt(attemptId)?.attempts.find((each) => each.attemptId === attemptId) ?? null;
  }

  #byAttempt(attemptId: string): TradeRecord | undefined {
    return this.all().find(({ attempts }) => attempts.some((each) => each.attemptId === attemptId));
  }

  #transit(trade: Trade, event: TradeEvent): void {
    this.#put(transition(trade, event));
  }

  #put(trade: Trade): void {
    this.#rows.set(trade.tradeId, { trade, attempts: this.of(trade.tradeId).attempts });
  }

  #tell(events: readonly NewEvent[]): true {
    this.events = [...this.events, ...events];
    return true;
  }
}

/** What is dead is a setback more, and what has landed is the end of all of them. */
function setbacksAfter(setbacks: Setbacks, event: AttemptEvent): Setbacks {
  if (event.type === "land") return { ...setbacks, count: 0, last: null };
  if (event.type !== "expire" && event.type !== "error") return setbacks;
  const message = event.type === "error" ? event.error : "it did not land while it could";
  return { count: setbacks.count + 1, last: { code: "TRANSACTION_FAILED", message }, retryAt: null };
}

/** The trade goes where its attempt has gone. */
function followed(trade: Trade, event: AttemptEvent): Trade {
  if (event.type === "land") return transition(trade, { type: "confirm", at: event.at });
  if (event.type === "finalize") return transition(trade, { type: "finalize", at: event.at });
  return trade;
}

const refused = (draft: AttemptDraft, positionId: number, refusal: Failing): Attempt => ({
  ...draft,
  positionId,
  status: "abandoned",
  refusal,
});
