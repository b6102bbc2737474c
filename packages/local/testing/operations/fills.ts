/** What the chain shows of an attempt: landed, moved, forked away, final, or late. */
import { type Amount, amount } from "@backstop/core/money/amount";
import { positionOf } from "@backstop/core/position/position.row";
import { held, POSITION_STATUSES } from "@backstop/core/position/position";
import { type AttemptRow, type MemoryDatabase, within } from "@backstop/core/testing/memory/database";
import type { Fill } from "@backstop/core/trade/attempt";
import { TRADE_STATUSES } from "@backstop/core/trade/trade";
import type { Draw, MakeOperation } from "./draw.ts";

const around = (draw: Draw, db: MemoryDatabase, isMeant: (row: AttemptRow) => boolean) => {
  const attempt = draw.row(db.attempts.values(), isMeant);
  if (!attempt) return null;
  const trade = db.trades.named(attempt.tradeId);
  return { attempt, trade, row: db.positions.named(trade.positionId) };
};

const isLanded = ({ status }: AttemptRow) => status === "landed";

const fillOf = (draw: Draw, db: MemoryDatabase, attempt: AttemptRow): Fill => ({
  amountIn: draw.seen(db.trades.named(attempt.tradeId).amountIn),
  amountOut: draw.units(1, 500),
  feeLamports: draw.units(0, 9),
  tipLamports: draw.units(0, 3),
  rentLamports: draw.units(0, 5),
  slot: BigInt(1_000 + draw.below(1_000)),
});

const feeQuote = (draw: Draw): Amount | null => (draw.seldom() ? null : draw.units(0, 9));

const land: MakeOperation = (draw, db) => {
  const isSent = ({ tradeId }: AttemptRow) => db.trades.named(tradeId).status === "submitted";
  const found = around(draw, db, (row) => within(["live", "expired"], row.status) && isSent(row));
  if (!found) return null;
  const { attempt, trade, row } = found;
  const landing = {
    attemptId: attempt.attemptId,
    fill: fillOf(draw, db, attempt),
    feeQuote: feeQuote(draw),
    judged: draw.seldom() ? draw.one(...POSITION_STATUSES) : row.status,
    entryPrice: trade.kind === "entry" ? draw.price() : null,
    events: draw.events(row),
    at: draw.now,
  };
  return (stores) => stores.fills.land(landing);
};

const landLate: MakeOperation = (draw, db) => {
  const found = around(draw, db, ({ status }) => status === "expired");
  if (!found) return null;
  const { attempt, trade, row } = found;
  const position = positionOf(row);
  const late = {
    attemptId: attempt.attemptId,
    fill: fillOf(draw, db, attempt),
    feeQuote: feeQuote(draw),
    trade: draw.seldom() ? draw.one(...TRADE_STATUSES) : trade.status,
    position: { ...position, exiting: draw.seen(position.exiting) },
    counts: draw.often(),
    closes: draw.seldom() ? ("closed_externally" as const) : null,
    events: draw.events(row),
    at: draw.now,
  };
  return (stores) => stores.fills.landLate(late);
};

const move: MakeOperation = (draw, db) => {
  const found = around(draw, db, isLanded);
  if (!found) return null;
  const [there, fee] = [fillOf(draw, db, found.attempt), feeQuote(draw)];
  const position = positionOf(found.row);
  const seen = { ...position, exiting: draw.seen(position.exiting) };
  const correction = { position: seen, exits: null, events: draw.events(found.row), at: draw.now };
  return (stores) => stores.fills.move(found.attempt.attemptId, there, fee, correction);
};

const finalize: MakeOperation = (draw, db) => {
  const found = around(draw, db, isLanded);
  if (!found) return null;
  const position = positionOf(found.row);
  const judged = { ...position, exiting: draw.seen(position.exiting) };
  const dust = draw.seldom() ? draw.units(0, 200) : amount(0n);
  const events = draw.events(found.row);
  return (stores) => stores.fills.finalize(found.attempt.attemptId, judged, dust, events, draw.now);
};

const fork: MakeOperation = (draw, db) => {
  const found = around(draw, db, isLanded);
  if (!found) return null;
  const judged = draw.seldom() ? draw.one(...POSITION_STATUSES) : found.row.status;
  const events = draw.events(found.row);
  return (stores) => stores.fills.fork(found.attempt.attemptId, judged, events, draw.now);
};

const landBeyond: MakeOperation = (draw, db) => {
  const isSentExit = ({ status, kind, tradeId }: AttemptRow) =>
    status === "live" && kind === "exit" && db.trades.named(tradeId).status === "submitted";
  const found = around(draw, db, isSentExit);
  if (!found) return null;
  const { attempt, row } = found;
  const position = positionOf(row);
  const beyond = {
    attemptId: attempt.attemptId,
    fill: fillOf(draw, db, attempt),
    feeQuote: feeQuote(draw),
    position: { ...position, exiting: draw.seen(position.exiting) },
    share: { amountIn: draw.often() ? held(position.totals) : amount(0n), amountOut: draw.units(0, 500) },
    events: draw.events(row),
    ending: draw.events(row),
    at: draw.now,
  };
  return (stores) => stores.fills.landBeyond(beyond);
};

const moveUnder: MakeOperation = (draw, db) => {
  const found = around(draw, db, isLandedEntry);
  if (!found) return null;
  const { attempt, row } = found;
  const position = positionOf(row);
  const there = { ...fillOf(draw, db, attempt), amountOut: amount(row.exitIn + row.missing + row.dust) };
  const exits = draw.often() ? { amountIn: position.totals.exitIn, amountOut: draw.units(0, 500) } : ALL_GONE;
  const seen = { ...position, exiting: draw.seen(position.exiting) };
  const correction = { position: seen, exits, events: draw.events(row), at: draw.now };
  const fee = feeQuote(draw);
  return (stores) => stores.fills.move(attempt.attemptId, there, fee, correction);
};

const isLandedEntry = (row: AttemptRow) => isLanded(row) && row.kind === "entry";

const ALL_GONE = { amountIn: amount(0n), amountOut: amount(0n) };

const doubt: MakeOperation = (draw, db) => {
  const found = around(draw, db, isLanded);
  if (!found) return null;
  return (stores) => stores.fills.doubt(found.attempt.attemptId);
};

const lose: MakeOperation = (draw, db) => {
  const found = around(draw, db, isLandedEntry);
  if (!found) return null;
  const { attempt, row } = found;
  const position = positionOf(row);
  const errored = { error: "6001", cause: "slippage" as const, feeLamports: draw.units(0, 9) };
  const lost = {
    attemptId: attempt.attemptId,
    position: { ...position, exiting: draw.seen(position.exiting) },
    error: draw.often() ? null : errored,
    feeQuote: feeQuote(draw),
    failure: { code: "TRANSACTION_FAILED", message: "its block was forked away" },
    events: draw.events(row),
    at: draw.now,
  };
  return (stores) => stores.fills.lose(lost);
};

export const FILLS = { land, landLate, landBeyond, move, moveUnder, finalize, fork, doubt, lose };
