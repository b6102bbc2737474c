/**
 * What the tests of the crash points share: the requests at which something happens, and what is true of a position afterwards.
 *
 * The points are those at which an engine may die, or not know what came of what it asked for, numbered in their order.
 */
import type { Attempt } from "@backstop/core/trade/attempt";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { Redis } from "@upstash/redis";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { Faults } from "../src/faults/client.ts";
import type { HttpFault } from "../src/faults/schema.ts";
import { type EntryBody, openScenario, type Scenario } from "./scenario.ts";

/** A blockhash lives for 11 s then: longer than an engine needs to be killed and started on a busy machine. */
const SLOT_MS = 75;

/** Up to half a minute is waiting for a message that comes when its receiver has died; the rest is for what shares the processors. */
export const SLOW = { timeout: 150_000 };

/** The statements at which things happen, by words that no other statement has. */
export const STATEMENTS = {
  claim: "insert into trigger",
  sign: ", signed_at =",
  land: "landed as (",
  planClose: "close_reason = 'manual'",
  postpone: "setbacks = trade.setbacks + 1",
  markDelivered: "update outbox set delivered_at",
} as const;

/** What hits the trailing stop that everybody here has, a tenth away. */
export const FALL = 0.85;

type Action = Exclude<HttpFault["action"], "status" | "delay">;
type Times = HttpFault["times"];

export interface CrashPoints {
  readonly scenario: Scenario;
  readonly faults: Faults;
  env(name: string): string;
  redis(): Redis;
  /** Enters, and waits until that is final. Answers with the position. */
  entered(symbol: string): Promise<number>;
  /** Asks for an entry. Answers with its trade; null: the engine died over it. */
  asked(symbol: string, key: string): Promise<string | null>;
  /** What was asked for with that key. */
  entry(key: string): Promise<TradeRecord>;
  /** The first of the position. */
  exit(positionId: number): Promise<TradeRecord>;
  record(tradeId: string): Promise<TradeRecord>;
  /** Waits until it is. */
  final(tradeId: string): Promise<TradeRecord>;
  atPostgres(statement: string, action: Action, times?: Times): Promise<string>;
  /** Befalls what is sent to a node, of both nodes. */
  atNodes(action: Action, times?: Times): Promise<readonly string[]>;
  /** From now on counts, in `bitten`, such requests to Postgres. */
  counted(statement: string): Promise<string>;
  /** Kills the engine when all of these hold something. */
  diesAt(faults: readonly string[], many?: number): Promise<void>;
  /** How often which event of the position was told; how it went in between is not counted. */
  told(positionId: number): Promise<Readonly<Record<string, number>>>;
  /** It entered once and left once, each by one transaction, and that was told once. Waits until it is over. */
  expectOneLife(positionId: number, closeReason: string): Promise<void>;
}

/** For the tests of the file that calls it: one run in a process, since the driver of its database has one address. */
export function crashPoints(name: string): CrashPoints {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await openScenario({ seed: name, logs: `crash-points/${name}`, slotMs: SLOT_MS });
  });
  afterEach(() => scenario.faults.calm());
  afterAll(() => scenario.stop());

  const points: CrashPoints = {
    get scenario() {
      return scenario;
    },
    get faults() {
      return scenario.faults;
    },
    env: (variable) => scenario.local.environment[variable] ?? expect.unreachable(variable),
    redis: () =>
      new Redis({ url: points.env("UPSTASH_REDIS_REST_URL"), token: points.env("UPSTASH_REDIS_REST_TOKEN") }),
    entered: async (symbol) => (await scenario.enter({ symbol })).trade.positionId,
    asked(symbol, key) {
      const body: EntryBody = { symbol, side: "buy", size: "100", stop: { kind: "trailing", distance: "0.1" } };
      const asking = scenario.api.trade(body, key);
      return asking.then(
        ({ tradeId }) => tradeId,
        () => null,
      );
    },
    async entry(key) {
      const planned = await scenario.trades.findByKey(points.env("ACCOUNT_ID"), key);
      return points.record(planned?.tradeId ?? expect.unreachable(`nothing was planned for ${key}`));
    },
    exit: async (positionId) =>
      (await scenario.exits(positionId))[0] ?? expect.unreachable(`no exit of ${positionId} was planned`),
    record: async (tradeId) => (await scenario.trades.find(tradeId)) ?? expect.unreachable(`there is no ${tradeId}`),
    final: (tradeId) =>
      scenario.until(`${tradeId} is final`, async () => {
        const record = await points.record(tradeId);
        return record.trade.status === "finalized" && record;
      }),
    atPostgres: (match, action, times = 1) =>
      scenario.faults.set({ kind: "http", service: "postgres", match, action, times }),
    atNodes: (action, times = 1) =>
      Promise.all(
        (["rpc", "rpc2"] as const).map((service) =>
          scenario.faults.set({ kind: "http", service, match: "sendTransaction", action, times }),
        ),
      ),
    counted: (match) =>
      scenario.faults.set({ kind: "http", service: "postgres", match, action: "delay", ms: 1, times: "always" }),
    async diesAt(faults, many = 1) {
      for (const fault of faults) await scenario.faults.waitUntilHeld(fault, many);
      await scenario.local.killEngine();
    },
    async told(positionId) {
      const counts: Record<string, number> = {};
      for (const { name: event } of await scenario.events(positionId)) {
        if (event !== "position_updated" && event !== "trailing_stop_updated") counts[event] = (counts[event] ?? 0) + 1;
      }
      return counts;
    },
    async expectOneLife(positionId, closeReason) {
      const over = { status: "closed", closeReason, quantity: "0", missing: "0", dust: "0" };
      expect(await scenario.over(positionId)).toMatchObject(over);
      const exits = await scenario.exits(positionId);
      expect(exits.map(({ trade }) => trade.status)).toEqual(["finalized"]);
      expect(exits.flatMap(landings)).toHaveLength(1);
      expect(await points.told(positionId)).toEqual({
        trade_executed: 2,
        trade_confirmed: 2,
        position_opened: 1,
        ...(closeReason !== "manual" && { stop_loss_triggered: 1 }),
        position_closed: 1,
      });
    },
  };
  return points;
}

export const landings = ({ attempts }: TradeRecord): readonly Attempt[] => attempts.filter((each) => "fill" in each);

export function signatureOf({ attempts }: TradeRecord): string {
  const last = attempts.at(-1);
  return last && "signature" in last ? last.signature : expect.unreachable("it is not signed");
}
