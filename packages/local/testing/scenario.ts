/**
 * A scenario: the whole local run with short blocks, something that goes wrong in it, and what must be true afterwards.
 *
 * Invariants checked at the end of each: the ledger equals the chain to the base unit, no trade landed twice, nothing is left
 * in flight, and the events of each position have no gap.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Database } from "@backstop/core/db/client";
import type { StoredEvent } from "@backstop/core/event/event";
import { type OutboxStore, outboxStore } from "@backstop/core/event/outbox.store";
import { type PositionStore, positionStore } from "@backstop/core/position/position.store";
import type { PositionView } from "@backstop/core/position/view";
import { type Rpc, solanaRpc } from "@backstop/core/solana/rpc";
import { type TradeRecord, type TradeStore, tradeStore } from "@backstop/core/trade/trade.store";
import { sql } from "drizzle-orm";
import { clock } from "../../../functions/system.ts";
import { type Api, apiAt } from "../src/api.ts";
import { type Audit, allEvents, allTrades, auditOf, type ByHand } from "../src/audit.ts";
import { type BootOptions, boot, type LocalRun } from "../src/boot.ts";
import type { Faults } from "../src/faults/client.ts";

/** A block's life of a blockhash is 8 s then, and finality 2 s: everything that takes a minute outside takes seconds. */
const SLOT_MS = 50;

const LOOK_MS = 100;

/** A message that a dying engine was at is hidden for half a minute, and may be so twice. */
const PATIENCE_MS = 90_000;

export const CLEAN: Audit = { differences: [], landedTwice: [], unfinished: [], brokenSequences: [] };

export interface Scenario {
  readonly local: LocalRun;
  readonly faults: Faults;
  /** Of the engine that lives now. */
  readonly api: Api;
  readonly db: Database;
  readonly trades: TradeStore;
  readonly positions: PositionStore;
  readonly outbox: OutboxStore;
  readonly rpc: Rpc;
  /** Base58. */
  readonly wallet: string;
  /** Enters and waits until the entry is final. */
  enter(trade?: Partial<EntryBody>): Promise<TradeRecord>;
  /** Waits until `ask` answers with something. */
  until<Answer>(what: string, ask: () => Promise<Answer | null | undefined | false>): Promise<Answer>;
  position(positionId: number): Promise<PositionView>;
  /** Waits until the position is over. */
  over(positionId: number): Promise<PositionView>;
  /** The exits of a position, those that were replaced included, in the order of their planning. */
  exits(positionId: number): Promise<readonly TradeRecord[]>;
  events(positionId: number): Promise<readonly StoredEvent[]>;
  /** When everything is final; `byHand`: what others did to the wallet. */
  audit(byHand?: ByHand): Promise<Audit>;
  restartEngine(): Promise<void>;
  stop(): Promise<void>;
}

export interface EntryBody {
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly size: string;
  readonly stop: object;
}

/** A trailing stop far enough away that only a fault's price hits it. */
const ENTRY: EntryBody = { symbol: "SOL/USDC", side: "buy", size: "100", stop: { kind: "trailing", distance: "0.1" } };

export async function openScenario(options: Partial<BootOptions> & { readonly seed: string }): Promise<Scenario> {
  const local = await boot({ port: 0, tickSeconds: 0.5, slotMs: SLOT_MS, ...options });
  const value = (name: string) => local.environment[name] ?? "";
  const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
  const trades = tradeStore(db);
  const outbox = outboxStore(db);
  const rpc = solanaRpc([value("BACKSTOP_JUPITER_RPC_ENDPOINT")], clock);
  const wallet = value("BACKSTOP_LOCAL_WALLET");
  const api = (): Api => apiAt(local.url, value("BACKSTOP_API_KEY"));
  let entries = 0;

  const scenario: Scenario = {
    local,
    faults: local.faults,
    get api() {
      return api();
    },
    db,
    trades,
    positions: positionStore(db),
    outbox,
    rpc,
    wallet,
    async enter(trade = {}) {
      const { tradeId } = await api().trade({ ...ENTRY, ...trade }, `entry-${entries++}`);
      return scenario.until(`the entry ${tradeId} is final`, async () => {
        const record = await trades.find(tradeId);
        return record?.trade.status === "finalized" && record;
      });
    },
    async until(what, ask) {
      const end = performance.now() + PATIENCE_MS;
      for (;;) {
        const answer = await ask().catch((error: unknown) => {
          if (performance.now() > end) throw error;
          return null;
        });
        if (answer) return answer;
        if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
        await sleep(LOOK_MS);
      }
    },
    position: (positionId) => api().getPosition(positionId),
    over: (positionId) =>
      scenario.until(`position ${positionId} is over`, async () => {
        const position = await api().getPosition(positionId);
        return (position.status === "closed" || position.status === "aborted") && position;
      }),
    async exits(positionId) {
      const exits = sql`select trade_id as id from trade where position_id = ${positionId} and kind = 'exit' order by planned_at, trade_id`;
      return recordsOf(trades, await idsOf(db, exits));
    },
    events: async (positionId) => (await allEvents(outbox)).filter((event) => event.positionId === positionId),
    audit: async (byHand = {}) => {
      await scenario.until("everything is final", async () => (await inFlight(db)) === 0);
      return auditOf({ db, trades, outbox, rpc, wallet }, await allTrades({ db, trades }), byHand);
    },
    async restartEngine() {
      await local.killEngine();
      await local.startEngine();
    },
    stop: () => local.stop(),
  };
  return scenario;
}

/** In the order of the ids. */
async function recordsOf(trades: TradeStore, ids: readonly string[]): Promise<readonly TradeRecord[]> {
  const records = await trades.findMany(ids);
  return ids.flatMap((id) => records.find(({ trade }) => trade.tradeId === id) ?? []);
}

async function idsOf(db: Database, query: ReturnType<typeof sql>): Promise<readonly string[]> {
  return (await db.execute<{ id: string }>(query)).rows.map(({ id }) => id);
}

async function inFlight(db: Database): Promise<number> {
  const { rows } = await db.execute(sql`select from attempt where status in ('drafted', 'live', 'landed') limit 1`);
  return rows.length;
}
