/** All that is judged of a simulation: while it runs, from inside the stores, and when everything is final. */
import type { Log } from "@backstop/core/log";
import type { StopStore } from "@backstop/core/stop/stop.store";
import { ALL, type MemoryDatabase, type PositionRow, type TradeRow } from "@backstop/core/testing/memory/database";
import type { Stores } from "@backstop/core/testing/stores.given";
import { IllegalTransition } from "@backstop/core/transition";
import type { World } from "../kernel/invocation.ts";
import type { SimulatedBus } from "../world/bus.ts";
import { type Chain, short } from "../world/chain.ts";
import type { Market } from "../world/market.ts";
import type { SimulatedQueues } from "../world/queues.ts";
import { Closings } from "./closings.ts";
import { judgeEvents } from "./events.ts";
import { judgeSigned } from "./intents.ts";
import { judgeLatencies, latenciesOf } from "./latency.ts";
import { judgeLedger } from "./ledger.ts";
import { isPeoples } from "./peoples.ts";
import { judgeShortages } from "./shortages.ts";
import { Stops } from "./stops.ts";
import { Transactions } from "./transactions.ts";
import { Violations } from "./violations.ts";

export interface OracleDeps {
  readonly world: World;
  readonly db: MemoryDatabase;
  readonly chain: Chain;
  readonly markets: readonly Market[];
}

export class Oracle {
  readonly #deps: OracleDeps;
  readonly violations: Violations;
  readonly transactions: Transactions;
  readonly stops: Stops;
  readonly #closings: Closings;

  constructor(deps: OracleDeps) {
    this.#deps = deps;
    const { world, db, chain, markets } = deps;
    const { timeline, weather } = world;
    this.violations = new Violations(() => timeline.now);
    const { violations } = this;
    this.transactions = new Transactions({ db, chain, violations });
    this.stops = new Stops({ timeline, weather, markets, db, violations });
    this.#closings = new Closings({ db, chain, violations });
  }

  /** The stores, seen from inside: whatever is asked of them is judged at the moment it is done. */
  inside(stores: Stores): Stores {
    return mapOperations(stores, (store, operation, run) => async (...given) => {
      const claims = store === "stops" && operation === "claim";
      if (claims) this.stops.claim(given[0] as Parameters<Stops["claim"]>[0]);
      const answer = await this.#guarded(`${store}.${operation}`, () => run(...given));
      if (claims) this.stops.claimed(answer as Parameters<Stops["claimed"]>[0]);
      if (answer === true && store === "fills" && operation === "land")
        this.transactions.book(given[0] as Parameters<Transactions["book"]>[0]);
      if (answer === true && store === "attempts" && operation === "sign") this.#signed(String(given[0]));
      if (answer === true) this.#lookAtClosed();
      return answer;
    });
  }

  /** The store of stops as a function has it: whatever is seen to fire is expected to be claimed. */
  outside(stops: StopStore): StopStore {
    return {
      armed: () => stops.armed(),
      raiseMarks: (raised, at) => stops.raiseMarks(raised, at),
      replace: (replacement) => stops.replace(replacement),
      claim: (fired, at) => {
        this.stops.want(fired);
        return stops.claim(fired, at);
      },
    };
  }

  /** A log in which what cannot be is no line like the others. */
  listening(log: Log): Log {
    return {
      info: (event, fields) => log.info(event, fields),
      error: (event, error, fields) => {
        if (isBug(error)) this.violations.add("bug", `${event}: ${error.message} ${JSON.stringify(fields ?? {})}`);
        log.error(event, error, fields);
      },
    };
  }

  failed(name: string, error: unknown): void {
    if (isBug(error)) this.violations.add("bug", `${name} failed: ${error.message}`);
  }

  /** Whether every position and every trade is over. */
  #signed(attemptId: string): void {
    const { world, db, markets } = this.#deps;
    this.transactions.sign(attemptId);
    judgeSigned({ timeline: world.timeline, db, markets, violations: this.violations }, attemptId);
  }

  isSettled(): boolean {
    const { db } = this.#deps;
    return (
      [...db.positions.values()].every((row) => isOver(row) || isPeoples(db, row)) && this.#unfinished().length === 0
    );
  }

  /** Whether every event is on the bus. */
  isTold(): boolean {
    return this.#deps.db.outbox.ascending("undelivered", ALL).next().done === true;
  }

  /** When all that was left behind has had its time, but for what waits for the schedule. */
  judgeProgress(queues: SimulatedQueues): void {
    for (const trade of this.#unfinished()) {
      if (!queues.unlooked.has(trade.tradeId)) this.violations.add("stuck", toldOf(trade));
    }
  }

  /** When nothing can change any more. @param asked - How many positions people have asked for, each under one key. */
  judge(bus: SimulatedBus, queues: SimulatedQueues, asked: number): void {
    const { db, chain } = this.#deps;
    const { violations } = this;
    for (const trade of this.#unfinished()) violations.add("stuck", toldOf(trade));
    const opened = [...db.positions.values()].length;
    if (opened > asked) violations.add("openedTwice", `${opened} positions of ${asked} that were asked for`);
    for (const message of queues.dead) violations.add("deadLetter", message);
    judgeLedger({ db, chain, violations });
    judgeEvents({ db, bus, violations });
    judgeLatencies({ db, chain, stops: this.stops }, queues.lost, violations);
    judgeShortages(db, this.#deps.world.weather, violations);
    const recorded = new Set([...db.attempts.values()].map(({ signature }) => signature));
    const others = [...this.transactions.sent.keys()].filter((signature) => !recorded.has(signature));
    for (const signature of others) violations.add("signaturesOverAttempts", `${short(signature)} is of no attempt`);
  }

  /** Of the positions that a stop closed, in milliseconds. */
  exitLatencies(): readonly number[] {
    return latenciesOf({ ...this.#deps, stops: this.stops }).map(({ milliseconds }) => milliseconds);
  }

  #unfinished(): readonly TradeRow[] {
    const { db } = this.#deps;
    const trades = [...db.trades.ascending("unfinished", ALL)];
    return trades.filter(({ positionId }) => !isPeoples(db, db.positions.named(positionId)));
  }

  #lookAtClosed(): void {
    for (const row of this.#deps.db.positions.values()) this.#closings.look(row);
  }

  async #guarded<Answer>(operation: string, run: () => Promise<Answer>): Promise<Answer> {
    try {
      return await run();
    } catch (error) {
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code?.startsWith("23")) this.violations.add("constraintRefused", `${operation}: ${constraint}`);
      throw error;
    }
  }
}

const toldOf = ({ tradeId, status }: TradeRow): string => `${tradeId} (${status})`;

const isOver = ({ status }: PositionRow): boolean => status === "closed" || status === "aborted";

type Run = (...given: readonly unknown[]) => Promise<unknown>;

function mapOperations(stores: Stores, change: (store: string, operation: string, run: Run) => Run): Stores {
  return Object.fromEntries(
    Object.entries(stores).map(([store, operations]) => [
      store,
      Object.fromEntries(
        Object.entries(operations as Record<string, Run>).map(([name, run]) => [name, change(store, name, run)]),
      ),
    ]),
  ) as unknown as Stores;
}

/** What the code throws when its own rules are broken, and not when the world is in its way. */
const isBug = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof IllegalTransition;
