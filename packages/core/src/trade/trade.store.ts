/**
 * Trades with their attempts and the position they belong to, in Postgres.
 *
 * Invariants:
 * - every operation that changes something is one statement: the change is conditional on the status it judges, and the
 *   outbox rows come from the rows it changed. No row back: somebody else has it, and no event exists;
 * - which statuses may move is read from the machines, not repeated here;
 * - one seat per live position and one trade per idempotency key are unique indexes: code that is wrong collides.
 */
import { and, asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import { account } from "../account/account.sql.ts";
import type { Database } from "../db/client.ts";
import type { NewEvent } from "../event/event.ts";
import { tell } from "../event/outbox.ts";
import type { Side } from "../market/market.ts";
import type { Mint } from "../market/mint.ts";
import type { Amount } from "../money/amount.ts";
import { positionOf } from "../position/position.row.ts";
import { position } from "../position/position.sql.ts";
import { POSITION_MOVES, type Position } from "../position/position.ts";
import type { Stop } from "../stop/stop.ts";
import { attempt } from "./attempt.sql.ts";
import { ATTEMPT_MOVES, type Attempt, UNFINISHED_ATTEMPTS } from "./attempt.ts";
import { happened, judgedRows, timestamp } from "./judged.ts";
import { planEntry } from "./plan-entry.ts";
import { attemptOf, tradeOf } from "./trade.row.ts";
import { trade } from "./trade.sql.ts";
import { TRADE_MOVES, type Trade, type TradeFailure, UNFINISHED_TRADES } from "./trade.ts";

/** A trade with all that belongs to it; attempts in order. */
export interface TradeRecord {
  readonly trade: Trade;
  readonly attempts: readonly Attempt[];
  readonly position: Position;
  /** Base58 address of the account's wallet. */
  readonly wallet: string;
}

export interface EntryPlan {
  readonly tradeId: string;
  readonly accountId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly size: Amount;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amountIn: Amount;
  readonly minimumOut: Amount | null;
  /** What the wallet had of the input mint, and when it was asked. */
  readonly funds: { readonly balance: Amount; readonly at: Date };
  readonly stop: Stop | null;
  readonly idempotencyKey: string;
  readonly requestDigest: string;
  readonly maxPositionsPerSymbol: number;
  readonly at: Date;
}

export type Planned =
  | { readonly outcome: "planned" }
  | { readonly outcome: "no_seat" }
  | { readonly outcome: "key_taken" }
  /** Of what the wallet had, `free` is neither held nor reserved. */
  | { readonly outcome: "no_funds"; readonly free: bigint }
  /** The wallet has less of the mint than the positions hold, and nobody knows why. */
  | { readonly outcome: "frozen"; readonly mint: string };

export interface FailingEntry {
  readonly tradeId: string;
  /** How many attempts were seen, none of which can land: with one more, it does not fail. */
  readonly attempts: number;
  /** The drafted one among them, if there is one. */
  readonly draft: string | null;
  readonly failure: TradeFailure;
  readonly events: readonly NewEvent[];
  readonly at: Date;
}

export interface TradeStore {
  find(tradeId: string): Promise<TradeRecord | null>;
  findMany(tradeIds: readonly string[]): Promise<readonly TradeRecord[]>;
  /** The id of the trade that entered, or enters, the position. */
  findEntry(positionId: number): Promise<string | null>;
  /** The exit of a position that was planned last and is not finished; null: there is none. */
  findExit(positionId: number): Promise<TradeRecord | null>;
  /** The trade that took this idempotency key, with the digest of the request it came with. */
  findByKey(
    accountId: string,
    key: string,
  ): Promise<{ readonly tradeId: string; readonly requestDigest: string } | null>;
  /** Opens a position on a free seat and plans the trade that enters it, if the funds are there besides what is reserved. */
  planEntry(plan: EntryPlan): Promise<Planned>;
  /** Moves a planned trade with a live attempt to submitted. */
  submit(attemptId: string, events: readonly NewEvent[], at: Date): Promise<boolean>;
  /** An entry ends for good, together with its draft, its position, and the exits of it, if none of them may still land. */
  fail(failing: FailingEntry): Promise<boolean>;
}

export function tradeStore(db: Database): TradeStore {
  const records = async (condition: SQL): Promise<readonly TradeRecord[]> => {
    const trades = await db
      .select()
      .from(trade)
      .innerJoin(position, eq(position.positionId, trade.positionId))
      .innerJoin(account, eq(account.accountId, trade.accountId))
      .where(condition);
    if (trades.length === 0) return [];
    const attempts = await db
      .select()
      .from(attempt)
      .where(
        inArray(
          attempt.tradeId,
          trades.map((row) => row.trade.tradeId),
        ),
      )
      .orderBy(asc(attempt.number));
    return trades.map((row) => ({
      trade: tradeOf(row.trade),
      position: positionOf(row.position),
      wallet: row.account.wallet,
      attempts: attempts.filter((each) => each.tradeId === row.trade.tradeId).map(attemptOf),
    }));
  };

  return {
    async find(tradeId) {
      const [record] = await records(eq(trade.tradeId, tradeId));
      return record ?? null;
    },

    async findMany(tradeIds) {
      return tradeIds.length === 0 ? [] : records(inArray(trade.tradeId, [...tradeIds]));
    },

    async findEntry(positionId) {
      const [row] = await db
        .select({ tradeId: trade.tradeId })
        .from(trade)
        .where(and(eq(trade.positionId, positionId), eq(trade.kind, "entry")));
      return row?.tradeId ?? null;
    },

    async findExit(positionId) {
      const unfinished = inArray(trade.status, [...UNFINISHED_TRADES]);
      const exits = await records(
        and(eq(trade.positionId, positionId), eq(trade.kind, "exit"), unfinished) ?? sql`false`,
      );
      return exits.toSorted((a, b) => a.trade.plannedAt.getTime() - b.trade.plannedAt.getTime()).at(-1) ?? null;
    },

    async findByKey(accountId, key) {
      const [row] = await db
        .select({ tradeId: trade.tradeId, requestDigest: trade.requestDigest })
        .from(trade)
        .where(sql`${trade.accountId} = ${accountId} and ${trade.idempotencyKey} = ${key}`);
      return row ? { tradeId: row.tradeId, requestDigest: row.requestDigest ?? "" } : null;
    },

    planEntry: (plan) => planEntry(db, plan),

    submit: (attemptId, events, at) =>
      happened(
        db,
        sql`
        with ${judgedRows(attemptId, sql`a.status = 'live' and t.status in ${TRADE_MOVES.submit.from}`)},
        submitted as (
          update trade set status = ${TRADE_MOVES.submit.to}, submitted_at = ${timestamp(at)}
          from judged where trade.trade_id = judged.trade_id
        ), touched as (
          update position p set event_sequence = p.event_sequence + ${events.length}::int
          from judged where p.position_id = judged.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select attempt_id from judged`,
      ),

    // Rows are locked first, and the number of attempts is a column of the locked row: a draft or a signature on its way is
    // waited for, and then seen. A draft is given up by an update of its own row, which a signature keeps from matching.
    fail: ({ tradeId, attempts, draft, failure, events, at }) =>
      happened(
        db,
        sql`
        with judged as (
          select t.trade_id, p.position_id
          from position p join trade t on t.position_id = p.position_id
          where t.trade_id = ${tradeId} and t.kind = 'entry' and t.status in ${TRADE_MOVES.fail.from}
            and t.attempts = ${attempts}::int and p.status in ${POSITION_MOVES.abort.from}
            and not exists (select from attempt a where a.position_id = p.position_id and a.kind = 'exit'
              and a.status in ${UNFINISHED_ATTEMPTS})
          for update of p, t
        ), abandoned as (
          update attempt set status = ${ATTEMPT_MOVES.abandon.to}
          from judged
          where attempt.attempt_id = ${draft} and attempt.trade_id = judged.trade_id
            and status in ${ATTEMPT_MOVES.abandon.from}
          returning attempt_id
        ), failed as (
          update trade set status = ${TRADE_MOVES.fail.to}, failure = ${JSON.stringify(failure)}::jsonb,
            ended_at = ${timestamp(at)}
          from judged
          where trade.trade_id = judged.trade_id and (${draft}::text is null or exists (select from abandoned))
          returning trade.trade_id, judged.position_id
        ), superseded as (
          update trade set status = ${TRADE_MOVES.supersede.to}, ended_at = ${timestamp(at)}
          from failed
          where trade.position_id = failed.position_id and trade.kind = 'exit'
            and trade.status in ${TRADE_MOVES.supersede.from}
        ), touched as (
          update position p set status = ${POSITION_MOVES.abort.to}, closed_at = ${timestamp(at)}, exiting = 0,
            event_sequence = p.event_sequence + ${events.length}::int
          from failed where p.position_id = failed.position_id
          returning p.position_id, p.event_sequence
        ), ${tell(events, at)}
        select trade_id from failed`,
      ),
  };
}
