/**
 * What comes in the place of an exit that cannot be made as it was planned: its halves, what the wallet has for it, or nothing
 * where nobody would miss the rest.
 *
 * Invariants: what takes its place has a message on the way before it is planned, and another one after; what is written off
 * is missing at `finalized`, from a node and from books that have not moved meanwhile.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { EngineError } from "../error.ts";
import { type Alarm, alarmRaised } from "../event/alarm.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Log } from "../log.ts";
import { type Market, marketOf } from "../market/market.ts";
import { type Amount, add, subtract, ZERO } from "../money/amount.ts";
import { held } from "../position/position.ts";
import type { Queues } from "../queue/queue.ts";
import { queueReconcile } from "../reconcile/queue.ts";
import type { Rpc } from "../solana/rpc.ts";
import { triesOf } from "./attempt.ts";
import { positionClosed } from "./events.ts";
import type { ExitStore, ExitSurroundings } from "./exit.store.ts";
import { halvesOf, type Room, roomFor } from "./exit.ts";
import type { TradeRecord } from "./trade.store.ts";
import { partIdOf } from "./trade.ts";

export interface ReplaceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<Config, "exits">;
  readonly markets: readonly Market[];
  readonly exits: ExitStore;
  readonly rpc: Pick<Rpc, "tokens">;
  readonly queues: Queues;
  readonly wakeRelay: WakeRelay;
}

export type Replaced =
  | { readonly type: "settled" }
  /** It is not as it was seen: it is to be looked at again. */
  | { readonly type: "lost" };

/** The parts' messages come this much later if whoever plans them dies: longer than a statement may take. */
const TAKE_OVER_SECONDS = 15;

/** The exit of what there is; what is not there is booked as missing. */
export async function cutExit(
  deps: ReplaceDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  { amountIn, missing }: Extract<Room, { type: "cut" }>,
): Promise<Replaced> {
  if (missing > 0n && !(await isMissing(deps, record, around, amountIn))) return { type: "lost" };
  const parts = amountIn > 0n ? [amountIn] : [];
  const told = `${missing} base units of ${record.trade.amountIn} are missing from the wallet`;
  return replaceExit(deps, record, around, { parts, missing, dust: ZERO }, missing > 0n ? ["EXIT_SHORT", told] : null);
}

/** What is written off is missing at `finalized` too, and nothing has moved while the wallet was asked. */
async function isMissing(
  { exits, rpc }: ReplaceDeps,
  { trade, position, wallet }: TradeRecord,
  around: ExitSurroundings,
  amountIn: Amount,
): Promise<boolean> {
  const balance = await rpc.tokens(wallet, trade.inputMint, "finalized", around.lastFillSlot ?? undefined);
  const after = await exits.surroundings(trade);
  const room = roomFor(trade.amountIn, held(position.totals), balance, after);
  return after.lastFillSlot === around.lastFillSlot && room.type === "cut" && room.amountIn === amountIn;
}

/** What is there leaves now; the rest has an exit of its own, which waits for what reconcile finds. */
export function sellWhatIsThere(
  deps: ReplaceDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  available: Amount,
): Promise<Replaced> {
  const rest = subtract(record.trade.amountIn, available);
  const told = `the wallet has ${available} base units of ${record.trade.amountIn}: they leave now, and the rest is looked for`;
  return replaceExit(deps, record, around, { parts: [available, rest], missing: ZERO, dust: ZERO }, [
    "EXIT_SHORT",
    told,
  ]);
}

export function divideExit(
  deps: ReplaceDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  why: EngineError,
  alarm: Alarm,
): Promise<Replaced> {
  const parts = halvesOf(record.trade.amountIn);
  const told = `it goes on in halves of ${parts[0]} and ${parts[1]} base units: ${why.message}`;
  return replaceExit(deps, record, around, { parts, missing: ZERO, dust: ZERO }, [alarm, told]);
}

export function leaveDust(
  deps: ReplaceDeps,
  record: TradeRecord,
  around: ExitSurroundings,
  why: EngineError,
): Promise<Replaced> {
  const { amountIn } = record.trade;
  const told = `${amountIn} base units stay in the wallet, worth less than ${deps.config.exits.dust}: ${why.message}`;
  return replaceExit(deps, record, around, { parts: [], missing: ZERO, dust: amountIn }, ["DUST_LEFT", told]);
}

interface Instead {
  readonly parts: readonly Amount[];
  readonly missing: Amount;
  readonly dust: Amount;
}

async function replaceExit(
  deps: ReplaceDeps,
  { trade, attempts, position }: TradeRecord,
  { otherExits }: ExitSurroundings,
  { parts, missing, dust }: Instead,
  alarm: readonly [Alarm, string] | null,
): Promise<Replaced> {
  const planned = parts.map((amountIn, index) => ({ tradeId: partIdOf(trade.tradeId, index + 1), amountIn }));
  for (const { tradeId } of planned) {
    await deps.queues.send("execute", tradeId, TAKE_OVER_SECONDS);
    await queueReconcile(deps.queues, tradeId);
  }
  const totals = {
    ...position.totals,
    missing: add(position.totals.missing, missing),
    dust: add(position.totals.dust, dust),
  };
  const closes = parts.length === 0 && !otherExits && held(totals) === 0n && position.status === "closing";
  const replaced = await deps.exits.replace({
    tradeId: trade.tradeId,
    attempts: attempts.length,
    held: held(position.totals),
    exiting: position.exiting,
    otherExits,
    tries: triesOf(trade.triesBefore, attempts),
    parts: planned,
    missing,
    dust,
    events: [
      ...(alarm ? [alarmRaised(trade, ...alarm)] : []),
      ...(closes
        ? [positionClosed({ ...position, totals }, position.closeReason, marketOf(deps.markets, trade.symbol))]
        : []),
    ],
    at: deps.clock.now(),
  });
  if (!replaced) return { type: "lost" };
  deps.log.info("exit_replaced", {
    tradeId: trade.tradeId,
    parts: parts.map(String),
    missing: String(missing),
    dust: String(dust),
  });
  for (const { tradeId } of planned) await deps.queues.send("execute", tradeId, 0);
  await deps.wakeRelay();
  return { type: "settled" };
}
