/** The main job, once: a position is bought, its trailing stop follows the market up, the market falls, the stop closes it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StoredEvent } from "@backstop/core/event/event";
import type { OutboxStore } from "@backstop/core/event/outbox.store";
import type { Market } from "@backstop/core/market/market";
import type { PositionView } from "@backstop/core/position/view";
import { mintsOf } from "@backstop/core/price/accepted";
import type { Rpc } from "@backstop/core/solana/rpc";
import type { TradeStore } from "@backstop/core/trade/trade.store";
import type { Api } from "./api.ts";
import { type Difference, differences, holdingsByLedger, holdingsOnChain } from "./ledger.ts";

export interface StoryDeps {
  readonly api: Api;
  readonly outbox: OutboxStore;
  readonly trades: TradeStore;
  readonly rpc: Rpc;
  readonly wallet: string;
  readonly market: Market;
  /** Lets the market rise and fall. */
  readonly beginMarket: () => Promise<void>;
  /** Called with each event as it is seen. */
  readonly onEvent: (event: StoredEvent) => void;
}

export interface Story {
  readonly position: PositionView;
  readonly trades: number;
  readonly attempts: number;
  readonly events: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

export const STORY_TRADE = { side: "buy", size: "100", stop: { kind: "trailing", distance: "0.03" } } as const;

/** Between two looks at the outbox: often enough to be told in order, seldom enough not to be noticed. */
const LOOK_MS = 200;

/** The market's half minute, the exit, and the finality of both trades take 45 s; past this something is stuck. */
const STORY_MS = 75_000;

/** @throws Error when the story does not come to its end in time. */
export async function tellStory(deps: StoryDeps): Promise<Story> {
  const { api, outbox, trades, rpc, wallet, market } = deps;
  const mints = mintsOf([market]);
  const before = await holdingsOnChain(rpc, wallet, mints);
  const { positionId } = await api.trade({ ...STORY_TRADE, symbol: market.symbol }, "story");
  const events: StoredEvent[] = [];
  const until = performance.now() + STORY_MS;
  while (!events.some((event) => event.name === "position_closed" || event.name === "trade_failed")) {
    if (performance.now() > until) throw new Error(`the story did not end within ${STORY_MS / 1000} s`);
    // More at once than a story has.
    for (const event of await outbox.after(events.at(-1)?.sequence ?? 0n, 1_000)) {
      events.push(event);
      deps.onEvent(event);
      if (event.name === "position_opened") await deps.beginMarket();
    }
    await sleep(LOOK_MS);
  }
  const tradeIds = new Set(events.flatMap((event) => (event.name === "trade_executed" ? [event.payload.tradeId] : [])));
  const records = await trades.findMany([...tradeIds]);
  return {
    position: await api.getPosition(positionId),
    trades: records.length,
    attempts: records.reduce((sum, record) => sum + record.attempts.length, 0),
    events: countBy(events.map((event) => event.name)),
    differences: differences(holdingsByLedger(before, records), await holdingsOnChain(rpc, wallet, mints)),
  };
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
