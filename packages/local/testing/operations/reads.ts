/** Questions, whose answers are compared as those of the others. */
import { POSITION_STATUSES } from "@backstop/core/position/position";
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import { tradeOf } from "@backstop/core/trade/trade.row";
import { MARKETS } from "./attempts.ts";
import { ACCOUNTS, type Draw, type MakeOperation } from "./draw.ts";
import { anyMint } from "./turns.ts";

const anyTrade = (draw: Draw, db: MemoryDatabase) => draw.pick([...db.trades.values()].reverse());

const find: MakeOperation = (draw, db) => {
  const tradeId = anyTrade(draw, db)?.tradeId ?? "trd_of_nobody";
  return (stores) => stores.trades.find(tradeId);
};

/** In no order. */
const findMany: MakeOperation = (draw, db) => {
  const tradeIds = [...db.trades.values()].filter(() => draw.often()).map(({ tradeId }) => tradeId);
  return async (stores) => {
    const records = await stores.trades.findMany([...tradeIds, ...tradeIds, "trd_of_nobody"]);
    return records.toSorted((a, b) => (a.trade.tradeId < b.trade.tradeId ? -1 : 1));
  };
};

const findExit: MakeOperation = (draw, db) => {
  const position = draw.row(db.positions.values(), ({ status }) => status === "closing");
  return position
    ? async (stores) => [
        await stores.trades.findExit(position.positionId),
        await stores.trades.findEntry(position.positionId),
      ]
    : null;
};

const findByKey: MakeOperation = (draw, db) => {
  const trade = anyTrade(draw, db);
  const [accountId, key] = [trade?.accountId ?? "acc_1", trade?.idempotencyKey ?? "key_of_nobody"];
  return (stores) => stores.trades.findByKey(accountId, key);
};

const attempt: MakeOperation = (draw, db) => {
  const attemptId = draw.pick([...db.attempts.values()])?.attemptId ?? "att_of_nobody";
  return (stores) => stores.attempts.find(attemptId);
};

const surroundings: MakeOperation = (draw, db) => {
  const trade = draw.row(db.trades.values(), ({ kind }) => kind === "exit");
  if (!trade) return null;
  const seen = { ...tradeOf(trade), ...(draw.seldom() ? { inputMint: anyMint(draw) } : {}) };
  return (stores) => stores.exits.surroundings(seen);
};

const overdue: MakeOperation = (draw, db) => {
  const trade = draw.row(db.trades.values(), ({ kind }) => kind === "exit");
  if (!trade) return null;
  const before = draw.earlier(60_000);
  return (stores) => stores.exits.overdue(tradeOf(trade), before);
};

const committed: MakeOperation = (draw, db) => {
  const [accountId, mint] = [draw.one(...ACCOUNTS), anyMint(draw)];
  const at = draw.one(draw.earlier(60_000), anyTrade(draw, db)?.confirmedAt ?? draw.now);
  return (stores) => stores.positions.committed(accountId, mint, at);
};

const positions: MakeOperation = (draw) => {
  const [accountId, limit] = [draw.one(...ACCOUNTS), draw.below(4) + 1];
  const statuses = POSITION_STATUSES.filter(() => draw.often());
  const positionId = draw.below(6);
  return async (stores) => [
    statuses.length === 0 ? [] : await stores.positions.list(accountId, statuses, limit),
    await stores.positions.find(accountId, positionId),
  ];
};

const armed: MakeOperation = () => (stores) => stores.stops.armed();

const books: MakeOperation = (draw) => {
  const [accountId, mint] = [draw.one(...ACCOUNTS), anyMint(draw)];
  return async (stores) => [
    await stores.shortages.books(accountId, mint),
    await stores.shortages.sighting(accountId, mint),
  ];
};

const own: MakeOperation = (_draw, db) => {
  const signatures = [...db.attempts.values()].flatMap(({ signature }) => signature ?? []);
  return (stores) => stores.shortages.own([...signatures, "sig_of_nobody"]);
};

/** Of those planned in the same moment, any comes first. */
const unlooked: MakeOperation = (draw, db) => {
  const [before, now, limit] = [draw.earlier(20_000), draw.later(60_000), draw.below(4) + 1];
  return async (stores) => {
    const [some, all] = [
      await stores.looks.unlooked(before, now, limit),
      await stores.looks.unlooked(before, now, 1e6),
    ];
    return [some.map((tradeId) => db.trades.named(tradeId).plannedAt), all.toSorted()];
  };
};

/** Page by page. */
const expired: MakeOperation = (draw, db) => {
  const ended = draw.row(db.attempts.values(), ({ status }) => status === "expired")?.endedAt;
  const [since, all] = [draw.one(draw.earlier(120_000), ended ?? draw.now), draw.often()];
  const tradeIds = all ? null : [...db.trades.values()].filter(() => draw.often()).map(({ tradeId }) => tradeId);
  return async (stores) => {
    const first = await stores.looks.expired(since, tradeIds, null, 2);
    return [first, await stores.looks.expired(since, tradeIds, first.at(-1) ?? null, 2)];
  };
};

const holdings: MakeOperation = (draw) => {
  const limit = draw.below(5) + 1;
  return (stores) => stores.looks.holdings(limit);
};

const outbox: MakeOperation = (draw) => {
  const [sequence, limit, except] = [BigInt(draw.below(30)), draw.below(20) + 1, [draw.below(5)].filter(Boolean)];
  return async (stores) => [await stores.outbox.after(sequence, limit), await stores.outbox.undelivered(limit, except)];
};

const seed: MakeOperation = (draw) => {
  const account = { accountId: draw.one(...ACCOUNTS, "acc_3"), wallet: draw.one("wallet 1", "wallet 3") };
  return async (stores) => [
    await stores.markets.seed(MARKETS),
    await stores.markets.all(),
    await stores.accounts.find(account.accountId),
    await stores.accounts.add(account, draw.now),
  ];
};

export const READS = {
  find,
  findMany,
  findExit,
  findByKey,
  attempt,
  surroundings,
  overdue,
  committed,
  positions,
  armed,
  books,
  own,
  unlooked,
  expired,
  holdings,
  outbox,
  seed,
};
