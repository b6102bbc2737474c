/**
 * Waiting before the next try: a trade that could not be brought on its way now is tried again after a pause that grows.
 *
 * Invariants: the message that tries again is queued before the pause is noted; an exit is tried for ever, never more than a
 * minute apart, and a person is told when it takes long.
 */
import type { Clock } from "../clock.ts";
import { type EngineError, isEngineError } from "../error.ts";
import { type Alarm, alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import type { WakeRelay } from "../event/wake.ts";
import type { Log } from "../log.ts";
import type { Queues } from "../queue/queue.ts";
import { triesOf } from "./attempt.ts";
import { ENTRY_LIFE_MS, pauseAfter, triesAtTheCap } from "./policy.ts";
import type { TradeRecord } from "./trade.store.ts";
import type { Trade, TradeFailure } from "./trade.ts";
import type { TurnStore } from "./turn.store.ts";

export interface SetbackDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Pick<TurnStore, "postpone">;
  readonly queues: Queues;
  readonly wakeRelay: WakeRelay;
}

/** About half a minute of tries: what is still in the way then is worth somebody's look. */
const ALARM_AT = 5;

/** At a pause of a minute, once in half an hour: often enough to be noticed, not so often as to be muted. */
const ALARM_EVERY = 30;

interface Seen {
  /** How many attempts there are now, if not as many as the record says. */
  readonly attempts?: number;
  readonly alarm?: Alarm;
}

export async function postpone(
  deps: SetbackDeps,
  record: TradeRecord,
  failure: TradeFailure,
  { attempts = record.attempts.length, alarm = "EXIT_DELAYED" }: Seen = {},
): Promise<void> {
  const { trade } = record;
  const { tradeId, setbacks } = trade;
  const count = setbacks.count + 1;
  const now = deps.clock.now();
  const seconds = pauseOf(record, count, now);
  const events = alarmsOf(trade, alarm, `${failure.code}: ${failure.message}`);
  deps.log.info("trade_postponed", { tradeId, seconds, count, code: failure.code, reason: failure.message });
  await deps.queues.send("execute", tradeId, seconds);
  const postponed = await deps.turns.postpone({
    tradeId,
    attempts,
    setbacks: setbacks.count,
    failure,
    retryAt: new Date(now.getTime() + seconds * 1000),
    events,
    at: now,
  });
  if (postponed && events.length > 0) await deps.wakeRelay();
}

/** An entry is not kept waiting for longer than it lives: its seat and its funds are. */
function pauseOf({ trade, attempts }: TradeRecord, count: number, now: Date): number {
  const seconds = pauseAfter(Math.max(count, triesAtTheCap(trade.kind, triesOf(trade.triesBefore, attempts))));
  if (trade.kind === "exit") return seconds;
  const lifeLeft = trade.plannedAt.getTime() + ENTRY_LIFE_MS - now.getTime();
  return Math.min(seconds, Math.max(0, Math.ceil(lifeLeft / 1000)) + 1);
}

/** What a person is told of an exit's next setback: nothing of most of them, and of a transaction that is not safe at once. */
export function alarmsOf(trade: Trade, alarm: Alarm, message: string): readonly NewEvent[] {
  const count = trade.setbacks.count + 1;
  const isDue = count >= ALARM_AT && (count - ALARM_AT) % ALARM_EVERY === 0;
  const alarms = trade.kind === "exit" && (isDue || isNews(trade, alarm));
  return alarms ? [alarmRaised(trade, alarm, message)] : [];
}

/** What should never be signed has come for the first time. */
const isNews = ({ setbacks: { last } }: Trade, alarm: Alarm): boolean =>
  alarm === "UNSAFE_TRANSACTION" && last?.code !== "UNSAFE_TRANSACTION";

/** What a caller is told of it. @throws what is no refusal of ours: nothing is known about it. */
export function failureFrom(error: unknown): TradeFailure {
  if (!isEngineError(error)) throw error;
  const { code, message }: EngineError = error;
  return { code, message };
}
