/** Turns and pauses, what `reconcile` does, and what the relay notes. */
import { amount } from "@backstop/core/money/amount";
import { mint } from "@backstop/core/market/mint";
import { held } from "@backstop/core/position/position";
import { memoryStores } from "@backstop/core/testing/memory/stores";
import { joined, type MemoryDatabase, type TradeRow, within } from "@backstop/core/testing/memory/database";
import type { Look } from "@backstop/core/reconcile/shortage.store";
import { MOVING_TRADES, UNFINISHED_TRADES } from "@backstop/core/trade/trade";
import { MARKETS } from "./attempts.ts";
import { ACCOUNTS, type Draw, type MakeOperation } from "./draw.ts";

const movingIn = (draw: Draw, db: MemoryDatabase) =>
  draw.row(db.trades.values(), ({ status }) => within(MOVING_TRADES, status));

const take: MakeOperation = (draw, db) => {
  const trade = movingIn(draw, db);
  if (!trade) return null;
  const { tradeId, attempts } = trade;
  const turnUntil = draw.seldom() ? draw.earlier(1_000) : trade.turnUntil;
  const [seen, until] = [Number(draw.seen(BigInt(attempts))), draw.later(18_000)];
  return (stores) => stores.turns.take({ tradeId, turnUntil }, seen, until);
};

const release: MakeOperation = (draw, db) => {
  const trade = draw.row(db.trades.values(), ({ turnUntil }) => turnUntil !== null);
  if (!trade) return null;
  const until = draw.seldom() ? draw.now : (trade.turnUntil ?? draw.now);
  return (stores) => stores.turns.release(trade.tradeId, until);
};

/** One that has setbacks has more of them: with three it is overtaken. */
const postpone: MakeOperation = (draw, db) => {
  const hasSome = ({ status, setbacks }: TradeRow) => within(MOVING_TRADES, status) && setbacks > 0;
  const trade = draw.often() ? draw.row(db.trades.values(), hasSome) : movingIn(draw, db);
  if (!trade) return null;
  const postponement = {
    tradeId: trade.tradeId,
    attempts: Number(draw.seen(BigInt(trade.attempts))),
    setbacks: Number(draw.seen(BigInt(trade.setbacks))),
    failure: { code: "RATE_LIMITED", message: "the plan's calls are used up" },
    retryAt: draw.later(4_000),
    events: draw.events(trade),
    at: draw.now,
  };
  return (stores) => stores.turns.postpone(postponement);
};

export const anyMint = (draw: Draw) => {
  const market = draw.pick(MARKETS);
  return mint(market ? draw.one(market.baseMint, market.quoteMint) : "");
};

/** At the slot of the last one, or about there. */
function lookIn(draw: Draw, db: MemoryDatabase): Look {
  const [accountId, of] = [draw.one(...ACCOUNTS), anyMint(draw)];
  const last = db.shortages.get(joined(accountId, of))?.slot ?? 1_000n;
  return { accountId, mint: of, slot: last + BigInt(draw.below(4)) - 1n, at: draw.now };
}

const agree: MakeOperation = (draw, db) => {
  const look = lookIn(draw, db);
  return (stores) => stores.shortages.agree(look);
};

const sight: MakeOperation = (draw, db) => {
  const look = lookIn(draw, db);
  const short = draw.units(0, 200);
  const accountId = draw.rarely() ? "acc_of_nobody" : look.accountId;
  return (stores) => stores.shortages.sight({ ...look, accountId }, short);
};

const freeze: MakeOperation = (draw, db) => {
  const row = draw.pick([...db.shortages.values()]);
  const position = draw.row(db.positions.values(), ({ accountId }) => accountId === row?.accountId);
  if (!row || !position || draw.often()) return null;
  const { accountId, agreedSlot, frozenAt } = row;
  const slot: bigint = draw.seen(row.slot);
  const sighting = { amount: draw.seen(row.amount), slot, agreedSlot, writtenOff: amount(0n), frozenAt };
  const { positionId } = position;
  const look = {
    accountId,
    mint: mint(row.mint),
    slot,
    at: draw.now,
    sighting,
    positionId,
    events: draw.events(position),
  };
  return (stores) => stores.shortages.freeze(look);
};

/** What was seen comes from one of the two: that both see the same is asked elsewhere. */
const writeOff: MakeOperation = async (draw, db) => {
  const [accountId, of] = [draw.one(...ACCOUNTS), anyMint(draw)];
  const { lots } = await memoryStores(db).shortages.books(accountId, of);
  const lot = draw.pick(lots);
  if (!lot) return null;
  const whole = held(lot.position.totals);
  const gone = amount(draw.often() ? whole : whole / 2n);
  const seen = draw.seldom() ? { ...lot, exits: `${lot.exits} ` } : lot;
  const events = draw.events(lot.position);
  return (stores) => stores.shortages.writeOff({ accountId, mint: of, lot: seen, amount: gone, events, at: draw.now });
};

const takeLook: MakeOperation = (draw, db) => {
  const trade = draw.row(db.trades.values(), ({ status }) => within(UNFINISHED_TRADES, status));
  const [until, at] = [draw.one(draw.now, draw.earlier(60_000), trade?.lookAt ?? draw.now), draw.later(60_000)];
  return trade ? (stores) => stores.looks.takeLook(trade.tradeId, until, at) : null;
};

const markDelivered: MakeOperation = (draw, db) => {
  const sequences = [...db.outbox.values()].filter(() => draw.often()).map(({ sequence }) => sequence);
  return (stores) => stores.outbox.markDelivered([...sequences, 0n], draw.now);
};

export const TURNS = { take, release, postpone, agree, sight, freeze, writeOff, takeLook, markDelivered };
