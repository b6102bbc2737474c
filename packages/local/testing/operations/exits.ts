/** Stops that fire, are raised and replaced, positions that are closed by a person, and exits that are replaced. */
import { type Amount, amount } from "@backstop/core/money/amount";
import { price } from "@backstop/core/money/price";
import { positionOf } from "@backstop/core/position/position.row";
import { held } from "@backstop/core/position/position";
import type { ArmedStop } from "@backstop/core/stop/stop";
import { type MemoryDatabase, type PositionRow, type TradeRow, within } from "@backstop/core/testing/memory/database";
import { exitTradeId, MOVING_TRADES, partIdOf, UNFINISHED_TRADES } from "@backstop/core/trade/trade";
import type { Draw, MakeOperation } from "./draw.ts";

/** Stops, each of another position, some of them not as they are, and some of them not armed any more. */
function someArmed(draw: Draw, db: MemoryDatabase): readonly ArmedStop[] {
  const all = [...db.positions.values()].flatMap((row) => {
    const { positionId, symbol, side, version, stop, entryPrice, highWaterMark } = row;
    if (!within(["open", "closing"], row.status) || !stop || !entryPrice || !highWaterMark) return [];
    const prices = { entryPrice: price(entryPrice), highWaterMark: price(highWaterMark) };
    return [{ positionId, symbol, side, version, stop, ...prices }];
  });
  const some = all.filter(() => draw.below(3) < 2).slice(0, 3);
  return some.map((each) => ({
    ...each,
    version: draw.seldom() ? each.version + 1 : each.version,
    highWaterMark: draw.often() ? each.highWaterMark : draw.price(),
  }));
}

const claim: MakeOperation = (draw, db) => {
  const armed = someArmed(draw, db);
  const taken = draw.seldom() ? draw.pick([...db.trades.values()])?.tradeId : undefined;
  const fired = armed.map((each) => ({
    armed: each,
    reason: each.stop.kind === "fixed" ? ("stop_loss" as const) : ("trailing_stop" as const),
    acceptedPrice: draw.price(),
    stopPrice: draw.price(),
    exitTradeId: taken ?? exitTradeId(each.positionId, each.version, 1),
  }));
  return armed.length === 0 ? null : (stores) => stores.stops.claim(fired, draw.now);
};

const raiseMarks: MakeOperation = (draw, db) => {
  const raised = someArmed(draw, db).map((armed) => ({
    armed: { ...armed, highWaterMark: draw.price() },
    stopPrice: draw.price(),
    acceptedPrice: draw.price(),
  }));
  return raised.length === 0 ? null : (stores) => stores.stops.raiseMarks(raised, draw.now);
};

const replaceStop: MakeOperation = (draw, db) => {
  const row = draw.row(db.positions.values(), ({ status }) => within(["opening", "open", "closing"], status));
  if (!row) return null;
  const replacement = {
    accountId: draw.seldom() ? "acc_of_nobody" : row.accountId,
    positionId: row.positionId,
    version: Number(draw.seen(BigInt(row.version))),
    stop: { kind: "fixed", price: draw.price() } as const,
    highWaterMark: draw.price(),
    events: draw.events(row),
    at: draw.now,
  };
  return (stores) => stores.stops.replace(replacement);
};

/** All of it, or a part. */
const partOf = (draw: Draw, whole: bigint): Amount =>
  draw.often() || whole < 2n ? amount(whole) : amount(1n + BigInt(draw.below(Number(whole) - 1)));

const planClose: MakeOperation = (draw, db) => {
  const isOpen = ({ status, partial }: PositionRow) => status === "open" || (status === "closing" && partial);
  const row = draw.row(db.positions.values(), isOpen);
  if (!row) return null;
  const { totals, exiting } = positionOf(row);
  const free = held(totals) > exiting ? held(totals) - exiting : 0n;
  const taken = draw.pick([...db.trades.values()]);
  const key = { idempotencyKey: (draw.seldom() && taken?.idempotencyKey) || `key_${draw.now.getTime()}` };
  const close = {
    accountId: draw.seldom() ? "acc_of_nobody" : row.accountId,
    positionId: row.positionId,
    tradeId: (draw.seldom() && taken?.tradeId) || `trd_${draw.now.getTime()}`,
    seen: draw.seen(free),
    amountIn: partOf(draw, free),
    key: draw.one(null, { ...key, requestDigest: "digest" }),
    events: draw.events(row),
    at: draw.now,
  };
  return (stores) => stores.positions.planClose(close);
};

const replaceExit: MakeOperation = (draw, db) => {
  const isFree = (tradeId: string) => !db.attempts.find("attempt_one_unfinished_per_trade", tradeId);
  const isStuck = ({ tradeId, kind, status }: TradeRow) =>
    kind === "exit" && within(MOVING_TRADES, status) && isFree(tradeId);
  const trade = draw.row(db.trades.values(), isStuck);
  if (!trade) return null;
  const { positionId, tradeId } = trade;
  const row = db.positions.named(positionId);
  const { totals, exiting } = positionOf(row);
  const others = [...db.trades.ascending("position", positionId)].filter(
    (each) => each.kind === "exit" && each.tradeId !== tradeId && within(UNFINISHED_TRADES, each.status),
  );
  const first = partOf(draw, trade.amountIn);
  const rest = amount(trade.amountIn - first);
  const replacement = {
    tradeId,
    attempts: Number(draw.seen(BigInt(trade.attempts))),
    held: draw.seen(held(totals)),
    exiting: draw.seen(exiting),
    otherExits: draw.seldom() ? others.length === 0 : others.length > 0,
    tries: draw.below(9),
    ...draw.one(
      { parts: [first, rest].filter((each) => each > 0n), missing: amount(0n), dust: amount(0n) },
      { parts: [first], missing: rest, dust: amount(0n) },
      { parts: [], missing: amount(0n), dust: draw.seen(trade.amountIn) },
    ),
    events: draw.events(row),
    at: draw.now,
  };
  const parts = replacement.parts.map((amountIn, index) => ({ tradeId: partIdOf(tradeId, index + 1), amountIn }));
  return (stores) => stores.exits.replace({ ...replacement, parts });
};

export const EXITS = { claim, raiseMarks, replaceStop, planClose, replaceExit };
