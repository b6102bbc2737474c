/**
 * Armed stops in memory: claimed, raised, replaced.
 *
 * Invariants: a batch names a position once, as the evaluator does; of a batch all claims are written, or none.
 */
import { formatPrice } from "../../src/money/price.ts";
import { positionOf } from "../../src/position/position.row.ts";
import { POSITION_MOVES } from "../../src/position/position.ts";
import { armedStop, type Fired, type RaisedMark, type StopStore } from "../../src/stop/stop.store.ts";
import { type ArmedStop, isBetter } from "../../src/stop/stop.ts";
import type { MemoryDatabase, PositionRow } from "./database.ts";
import { exitOf, heldBy, json, tell, touch } from "./judged.memory.ts";

export const stopsIn = (db: MemoryDatabase): StopStore => ({
  async armed() {
    const live = ["open", "closing"].flatMap((status) => [...db.positions.ascending("live", status)]);
    return live.sort((a, b) => a.positionId - b.positionId).flatMap((row) => armedIn(row) ?? []);
  },

  async claim(fired, at) {
    const claims = judgedRows(db, fired).filter(({ position }) => heldBy(position) > position.exiting);
    db.statement(() => claim(db, claims, at));
    const won = new Set(claims.map(({ position }) => position.positionId));
    return fired.map(({ armed }) => {
      const claimed = won.has(armed.positionId);
      return { armed, claimed, current: claimed ? null : armedIn(db.positions.get(armed.positionId)) };
    });
  },

  async raiseMarks(raised, at) {
    const news = judgedRows(db, raised).filter(
      ({ judged: { armed }, position: { side, highWaterMark } }) =>
        highWaterMark !== null && isBetter(side, armed.highWaterMark, highWaterMark),
    );
    db.statement(() => {
      for (const { judged, position } of news) {
        const { positionId, symbol } = position;
        const event = { name: "trailing_stop_updated", payload: { positionId, symbol, ...told(judged) } } as const;
        touch(db, position, { highWaterMark: judged.armed.highWaterMark }, [event], at);
      }
    });
    return news.length;
  },

  async replace({ accountId, positionId, version, stop, highWaterMark, events, at }) {
    const position = db.positions.get(positionId);
    if (position?.accountId !== accountId || position.version !== version) return false;
    if (position.status !== "opening" && !isWatched(position)) return false;
    db.statement(() => touch(db, position, { stop: json(stop), version: version + 1, highWaterMark }, events, at));
    return true;
  },
});

const isWatched = ({ status, partial }: PositionRow): boolean => status === "open" || (status === "closing" && partial);

const armedIn = (row: PositionRow | undefined): ArmedStop | null =>
  row && (row.status === "open" || row.status === "closing") ? armedStop(positionOf(row)) : null;

interface JudgedRow<Judged> {
  readonly judged: Judged;
  readonly position: PositionRow;
}

/** The positions whose rule was judged and is watched, in the order in which they are locked. */
function judgedRows<Judged extends Fired | RaisedMark>(
  db: MemoryDatabase,
  all: readonly Judged[],
): readonly JudgedRow<Judged>[] {
  const rows = new Map<number, JudgedRow<Judged>>();
  for (const judged of all) {
    const { positionId, version } = judged.armed;
    const position = db.positions.get(positionId);
    if (position?.version !== version || !isWatched(position) || rows.has(positionId)) continue;
    rows.set(positionId, { judged, position });
  }
  return [...rows.values()].sort((a, b) => a.position.positionId - b.position.positionId);
}

function claim(db: MemoryDatabase, claims: readonly JudgedRow<Fired>[], at: Date): void {
  for (const { judged, position } of claims)
    db.positions.update(position.positionId, {
      status: POSITION_MOVES.close.to,
      partial: false,
      exiting: heldBy(position),
      closeReason: judged.reason,
      version: position.version + 1,
      highWaterMark: bestOf(position, judged.armed),
      eventSequence: position.eventSequence + 1,
    });
  for (const { judged, position } of claims) {
    const { positionId, symbol, eventSequence } = position;
    const { exitTradeId: tradeId, reason } = judged;
    const payload = { positionId, symbol, tradeId, reason, ...told(judged) };
    tell(db, positionId, eventSequence, [{ name: "stop_loss_triggered", payload }], at);
  }
  for (const { judged, position } of claims) {
    const rest = heldBy(position) - position.exiting;
    db.trades.insert(exitOf(db, position, judged.exitTradeId, rest, at));
  }
  for (const { judged } of claims) db.triggers.insert(triggerOf(judged, at));
}

const bestOf = ({ side, highWaterMark }: PositionRow, { highWaterMark: judged }: ArmedStop): number =>
  highWaterMark !== null && isBetter(side, highWaterMark, judged) ? highWaterMark : judged;

const triggerOf = ({ armed, reason, acceptedPrice, stopPrice }: Fired, at: Date) => ({
  positionId: armed.positionId,
  version: armed.version,
  reason,
  acceptedPrice,
  stopPrice,
  highWaterMark: armed.highWaterMark,
  triggeredAt: at,
});

const told = ({ armed, acceptedPrice, stopPrice }: Fired | RaisedMark) => ({
  acceptedPrice: formatPrice(acceptedPrice),
  stopPrice: formatPrice(stopPrice),
  highWaterMark: formatPrice(armed.highWaterMark),
});
