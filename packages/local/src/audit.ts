/**
 * What must be true of a wallet when everything is final, whatever went wrong before.
 *
 * Invariant: what the ledger says comes from its rows, what the chain says from its nodes, and neither is asked about the other.
 */
import type { Database } from "@backstop/core/db/client";
import type { StoredEvent } from "@backstop/core/event/event";
import type { OutboxStore } from "@backstop/core/event/outbox.store";
import type { Rpc } from "@backstop/core/solana/rpc";
import { UNFINISHED_TRADES } from "@backstop/core/trade/trade";
import type { TradeRecord, TradeStore } from "@backstop/core/trade/trade.store";
import { sql } from "drizzle-orm";
import { FUNDS } from "./funds.ts";
import { type Difference, differences, type Holdings, holdingsByLedger, holdingsOnChain } from "./ledger.ts";

/** What hands moved in the wallet besides trades, by mint; `lamports` apart. */
export interface ByHand {
  readonly tokens?: ReadonlyMap<string, bigint>;
  readonly lamports?: bigint;
}

export interface Audit {
  readonly differences: readonly Difference[];
  /** Trades of which more than one attempt moved the wallet, by the ledger or by the chain. */
  readonly landedTwice: readonly string[];
  /** Trades that are not over. */
  readonly unfinished: readonly string[];
  /** Positions whose events have a gap or a double. */
  readonly brokenSequences: readonly number[];
}

export interface AuditDeps {
  readonly db: Database;
  readonly trades: Pick<TradeStore, "findMany">;
  readonly outbox: Pick<OutboxStore, "after">;
  readonly rpc: Rpc;
  /** Base58. */
  readonly wallet: string;
}

/** What one statement answers with at once: with their messages, some megabytes of attempts. */
const PAGE = 500;

/** Every trade there is, with all that belongs to it. */
export async function allTrades({ db, trades }: Pick<AuditDeps, "db" | "trades">): Promise<readonly TradeRecord[]> {
  const { rows } = await db.execute<{ id: string }>(
    sql`select trade_id as id from trade order by planned_at, trade_id`,
  );
  const records: TradeRecord[] = [];
  for (let from = 0; from < rows.length; from += PAGE) {
    records.push(...(await trades.findMany(rows.slice(from, from + PAGE).map(({ id }) => id))));
  }
  return records;
}

/** Of all trades, when nothing is in flight any more. */
export async function auditOf(
  { outbox, rpc, wallet }: AuditDeps,
  records: readonly TradeRecord[],
  byHand: ByHand = {},
): Promise<Audit> {
  const ledger = moved(holdingsByLedger(FUNDS, records), byHand);
  return {
    differences: differences(ledger, await holdingsOnChain(rpc, wallet, [...ledger.tokens.keys()])),
    landedTwice: await landedTwice(rpc, records),
    unfinished: records.filter(isUnfinished).map(({ trade }) => trade.tradeId),
    brokenSequences: brokenSequences(await allEvents(outbox)),
  };
}

export const isUnfinished = ({ trade }: TradeRecord): boolean =>
  UNFINISHED_TRADES.some((status) => status === trade.status);

async function landedTwice(rpc: Rpc, records: readonly TradeRecord[]): Promise<readonly string[]> {
  const signed = records.flatMap(({ attempts }) =>
    attempts.flatMap((attempt) => ("signature" in attempt ? [attempt.signature] : [])),
  );
  if (signed.length === 0) return [];
  const { statuses } = await rpc.statuses(signed);
  const onChain = new Set(signed.filter((_, index) => statuses[index]?.error === null));
  return records
    .filter(({ attempts }) => {
      const moving = attempts.filter((each) => "fill" in each || ("signature" in each && onChain.has(each.signature)));
      return moving.length > 1;
    })
    .map(({ trade }) => trade.tradeId);
}

function moved({ tokens, lamports }: Holdings, byHand: ByHand): Holdings {
  const by = (mint: string) => byHand.tokens?.get(mint) ?? 0n;
  return {
    tokens: new Map([...tokens].map(([mint, amount]) => [mint, amount + by(mint)])),
    lamports: lamports + (byHand.lamports ?? 0n),
  };
}

export async function allEvents(outbox: Pick<OutboxStore, "after">): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const more = await outbox.after(events.at(-1)?.sequence ?? 0n, PAGE);
    events.push(...more);
    if (more.length < PAGE) return events;
  }
}

/** Each position's events are 1, 2, 3 … */
function brokenSequences(events: readonly StoredEvent[]): readonly number[] {
  const byPosition = Map.groupBy(events, (event) => event.positionId);
  return [...byPosition].flatMap(([positionId, own]) =>
    own
      .toSorted((a, b) => a.positionSequence - b.positionSequence)
      .every((each, index) => each.positionSequence === index + 1)
      ? []
      : [positionId],
  );
}
