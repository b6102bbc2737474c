/** The main job, once: a position is opened, its stop follows the market, the market turns, the stop closes it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StoredEvent } from "@backstop/core/event/event";
import type { OutboxStore } from "@backstop/core/event/outbox.store";
import type { PositionView } from "@backstop/core/position/view";
import type { Rpc } from "@backstop/core/solana/rpc";
import type { TradeRecord, TradeStore } from "@backstop/core/trade/trade.store";
import type { Api } from "./api.ts";
import { type Difference, differences, type Holdings, holdingsByLedger, holdingsOnChain } from "./ledger.ts";
import type { StoryTrade } from "./options.ts";
import type { Stage } from "./venue/reference.ts";

export interface StoryDeps {
  readonly api: Api;
  readonly outbox: OutboxStore;
  readonly trades: TradeStore;
  readonly rpc: Rpc;
  readonly wallet: string;
  /** What the wallet was given before its first trade. */
  readonly funds: Holdings;
  readonly symbol: string;
  readonly trade: StoryTrade;
  readonly market: StoryMarket;
  /** Called with each event of this run as it is seen. */
  readonly onEvent: (event: StoredEvent) => void;
  /** Called when the story goes on with a position that an earlier run left open. */
  readonly onResume: (position: PositionView) => void;
}

/** The market that the story is told in. */
export interface StoryMarket {
  begin(): Promise<void>;
  stage(): Promise<Stage>;
  /** How long it tells. */
  readonly lastsMs: number;
}

export interface Story {
  readonly position: PositionView;
  readonly trades: number;
  readonly attempts: number;
  readonly events: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

/** Between two looks at the outbox: often enough to be told in order, seldom enough not to be noticed. */
const LOOK_MS = 200;

/** Entry, exit and their finality take 20 s; what a dying engine was at is hidden for 30 s in its queues, once or twice. */
const REST_MS = 90_000;

/** A stop that the market's last price hit has fired after a block, a tick and its claim: by then if at all. */
const LAST_PRICE_MS = 5_000;

/** @throws Error when the story does not come to its end in time. */
export async function tellStory(deps: StoryDeps): Promise<Story> {
  const { api, trades, rpc, wallet, market } = deps;
  const events: StoredEvent[] = [];
  await look(deps.outbox, events);
  const positionId = await openedPosition(deps, events.at(-1)?.sequence ?? 0n);
  const until = performance.now() + market.lastsMs + REST_MS;
  let overAt: number | undefined;
  for (let told = events.length; ; told = events.length) {
    await look(deps.outbox, events);
    for (const event of events.slice(told)) deps.onEvent(event);
    const { status } = await api.getPosition(positionId);
    if (status === "closed" || status === "aborted") break;
    const stage = await market.stage();
    if (status === "open" && stage === "waiting") await market.begin();
    if (stage === "over") overAt ??= performance.now();
    if (status === "open" && overAt !== undefined && performance.now() > overAt + LAST_PRICE_MS) break;
    if (performance.now() > until)
      throw new Error(`the story did not end within ${(market.lastsMs + REST_MS) / 1000} s`);
    await sleep(LOOK_MS);
  }
  const records = await settled(trades, events, until);
  const told = events.length;
  await look(deps.outbox, events);
  for (const event of events.slice(told)) deps.onEvent(event);
  const own = records.filter(({ trade }) => trade.positionId === positionId);
  const chain = await holdingsOnChain(rpc, wallet, [...deps.funds.tokens.keys()]);
  return {
    position: await api.getPosition(positionId),
    trades: own.length,
    attempts: own.reduce((sum, record) => sum + record.attempts.length, 0),
    events: countBy(events.filter((event) => event.positionId === positionId).map((event) => event.name)),
    differences: differences(holdingsByLedger(deps.funds, records), chain),
  };
}

/** Reads what was written since the last look. */
async function look(outbox: OutboxStore, events: StoredEvent[]): Promise<void> {
  // More at once than a story has; a directory that was used for long takes some looks.
  const page = 1_000;
  let more: readonly StoredEvent[];
  do {
    more = await outbox.after(events.at(-1)?.sequence ?? 0n, page);
    events.push(...more);
  } while (more.length === page);
}

/** A position that an earlier run left open, or else a new one. */
async function openedPosition({ api, symbol, trade, onResume }: StoryDeps, seen: bigint): Promise<number> {
  const live = await api.livePositions();
  const left = live.find((position) => position.symbol === symbol && position.side === trade.side);
  if (!left) return (await api.trade({ ...trade, symbol }, `story-after-${seen}`)).positionId;
  onResume(left);
  return left.positionId;
}

/** All trades of the wallet, when the chain has said its last word on what was sent. */
async function settled(
  trades: TradeStore,
  events: readonly StoredEvent[],
  until: number,
): Promise<readonly TradeRecord[]> {
  const ids = new Set(events.flatMap((event) => (event.name === "trade_executed" ? [event.payload.tradeId] : [])));
  for (;;) {
    const records = await trades.findMany([...ids]);
    const flying = records.some(({ attempts }) =>
      attempts.some(({ status }) => status === "live" || status === "landed"),
    );
    if (!flying) return records;
    if (performance.now() > until) throw new Error("a trade was not final in time");
    await sleep(LOOK_MS);
  }
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
