/** Entries that are planned and fail, and attempts of any trade, from their draft to their death. */
import { legs, MARKET_SEED, type Side } from "@backstop/core/market/market";
import { amount } from "@backstop/core/money/amount";
import { bps } from "@backstop/core/money/bps";
import type { Stop } from "@backstop/core/stop/stop";
import { attemptIdOf, DEAD_ATTEMPTS } from "@backstop/core/trade/attempt";
import type { AttemptDraft } from "@backstop/core/trade/attempt.store";
import {
  type AttemptRow,
  joined,
  type MemoryDatabase,
  type TradeRow,
  within,
} from "@backstop/core/testing/memory/database";
import { comesLater, isWanted } from "@backstop/core/testing/memory/judged.memory";
import { DRAFT_LIFE_MS } from "@backstop/core/trade/policy";
import { MOVING_TRADES } from "@backstop/core/trade/trade";
import { ACCOUNTS, type Draw, type MakeOperation } from "./draw.ts";

/** Two of them share their quote. */
export const MARKETS = MARKET_SEED.filter(({ symbol }) => symbol === "SOL/USDC" || symbol === "JUP/USDC");

const anyStop = (draw: Draw): Stop | null =>
  draw.one<Stop | null>(
    { kind: "trailing", distanceBps: bps(300) },
    { kind: "fixed", price: draw.price() },
    { kind: "trailing", distanceBps: bps(300), activationBps: bps(1) },
    null,
  );

const plan: MakeOperation = (draw, db) => {
  const market = draw.pick(MARKETS);
  if (!market) return null;
  const side = draw.one<Side>("buy", "sell");
  const { input, output } = legs(market, side);
  const taken = draw.pick([...db.trades.values()]);
  const entry = {
    tradeId: (draw.rarely() && taken?.tradeId) || `trd_${draw.now.getTime()}`,
    accountId: draw.rarely() ? "acc_of_nobody" : draw.one(...ACCOUNTS),
    symbol: draw.rarely() ? "NO/MARKET" : market.symbol,
    side,
    size: draw.units(0, 1_000),
    inputMint: input,
    outputMint: output,
    amountIn: draw.units(draw.rarely() ? 0 : 1, 300),
    minimumOut: draw.one(null, draw.units(1, 100)),
    funds: { balance: draw.units(500, 1_500), at: draw.earlier(30_000) },
    stop: anyStop(draw),
    idempotencyKey: (draw.rarely() && taken?.idempotencyKey) || `key_${draw.now.getTime()}`,
    requestDigest: "digest",
    maxPositionsPerSymbol: draw.below(4) + 1,
    at: draw.now,
  };
  const isFrozen = (mint: string) => Boolean(db.shortages.get(joined(entry.accountId, mint))?.frozenAt);
  const either = isFrozen(input) && isFrozen(output);
  return async (stores) => {
    const planned = await stores.trades.planEntry(entry);
    // Of two that are frozen, either one is named.
    return either ? planned.outcome : planned;
  };
};

const lastOf = (db: MemoryDatabase, tradeId: string): AttemptRow | undefined =>
  [...db.attempts.descending("trade", tradeId)][0];

const draftOf = (draw: Draw, db: MemoryDatabase): AttemptDraft | null => {
  const isToFollow = (trade: TradeRow) => {
    const last = lastOf(db, trade.tradeId);
    const isDead = !last || within(DEAD_ATTEMPTS, last.status);
    const beside = db.attempts.find("attempt_one_unfinished_exit_per_position", trade.positionId);
    const position = db.positions.named(trade.positionId);
    return isDead && !beside && isWanted({ trade, position }) && !comesLater(db, trade);
  };
  const waits = ({ kind, status }: TradeRow) => kind === "exit" && within(MOVING_TRADES, status);
  const trade = draw.row(db.trades.values(), draw.below(6) === 5 ? waits : isToFollow);
  if (!trade) return null;
  const number = draw.rarely() ? draw.below(4) + 1 : trade.attempts + 1;
  const other = draw.rarely() ? draw.pick([...db.attempts.values()]) : undefined;
  const named = draw.rarely() ? undefined : trade.tradeId;
  return {
    attemptId: other?.attemptId ?? attemptIdOf(trade.tradeId, number),
    tradeId: named ?? draw.pick([...db.trades.values()])?.tradeId ?? trade.tradeId,
    number,
    follows: draw.rarely() ? (other?.attemptId ?? null) : (lastOf(db, trade.tradeId)?.attemptId ?? null),
    message: "message",
    blockhash: "blockhash",
    lastValidBlockHeight: BigInt(draw.below(1_000)),
    slippageBps: bps(50),
    quotedOut: draw.units(0, 500),
    minimumOut: draw.units(0, 500),
    route: draw.rarely() ? [] : ["Pool", "Other"],
    draftedAt: draw.now,
  };
};

const draft: MakeOperation = (draw, db) => {
  const next = draftOf(draw, db);
  const trade = next && db.trades.get(next.tradeId);
  if (!trade) return null;
  const events = draw.events(trade);
  return (stores) => stores.attempts.draft(next, events);
};

const refuse: MakeOperation = (draw, db) => {
  const next = draftOf(draw, db);
  return next && ((stores) => stores.attempts.refuse(next, { error: "it would fail", cause: "route" }));
};

const attemptIn = (draw: Draw, db: MemoryDatabase, ...statuses: readonly string[]): AttemptRow | undefined =>
  draw.row(db.attempts.values(), (row) => within(statuses, row.status));

const sign: MakeOperation = (draw, db) => {
  const isYoung = ({ draftedAt }: AttemptRow) => draw.now.getTime() - draftedAt.getTime() < DRAFT_LIFE_MS;
  const attempt = draw.row(db.attempts.values(), (row) => row.status === "drafted" && isYoung(row));
  if (!attempt) return null;
  const taken = draw.seldom() ? draw.pick([...db.attempts.values()])?.signature : null;
  const signature = taken ?? `sig_${draw.now.getTime()}`;
  return (stores) => stores.attempts.sign(attempt.attemptId, signature, draw.now);
};

const abandon: MakeOperation = (draw, db) => {
  const attempt = attemptIn(draw, db, "drafted");
  const refusal = draw.one(null, { error: "no", cause: "slippage" } as const);
  return attempt ? (stores) => stores.attempts.abandon(attempt.attemptId, refusal) : null;
};

const submit: MakeOperation = (draw, db) => {
  const isToBe = (row: AttemptRow) => row.status === "live" && db.trades.named(row.tradeId).status === "planned";
  const attempt = draw.row(db.attempts.values(), isToBe);
  if (!attempt) return null;
  const events = draw.events(db.trades.named(attempt.tradeId));
  return (stores) => stores.trades.submit(attempt.attemptId, events, draw.now);
};

const expire: MakeOperation = (draw, db) => {
  const attempt = attemptIn(draw, db, "live");
  if (!attempt) return null;
  const events = draw.events(db.trades.named(attempt.tradeId));
  return (stores) => stores.attempts.expire(attempt.attemptId, draw.now, events);
};

const fail: MakeOperation = (draw, db) => {
  const attempt = attemptIn(draw, db, "live", "expired");
  if (!attempt) return null;
  const events = draw.events(db.trades.named(attempt.tradeId));
  const error = { error: "6001", cause: "slippage", feeLamports: draw.units(0, 9) } as const;
  const feeQuote = draw.seldom() ? null : amount(7n);
  return (stores) => stores.attempts.fail(attempt.attemptId, error, feeQuote, draw.now, events);
};

const failEntry: MakeOperation = (draw, db) => {
  const isClosing = draw.often();
  const mayFail = ({ kind, status, positionId }: TradeRow) =>
    kind === "entry" &&
    within(MOVING_TRADES, status) &&
    (db.positions.named(positionId).status === "closing") === isClosing;
  const trade = draw.row(db.trades.values(), mayFail);
  if (!trade) return null;
  const last = draw.seldom() ? draw.pick([...db.attempts.values()]) : lastOf(db, trade.tradeId);
  const failing = {
    tradeId: trade.tradeId,
    attempts: Number(draw.seen(BigInt(trade.attempts))),
    draft: last?.status === "drafted" || draw.seldom() ? (last?.attemptId ?? null) : null,
    failure: { code: "NETWORK_ERROR", message: "it is not there" },
    events: draw.events(trade),
    at: draw.now,
  };
  return (stores) => stores.trades.fail(failing);
};

export const ATTEMPTS = { plan, draft, refuse, sign, abandon, submit, expire, fail, failEntry };
