/** What a soak came to, for people and as JSON. */
import type { Attempt } from "@backstop/core/trade/attempt";
import type { Trade } from "@backstop/core/trade/trade";
import { isUnfinished } from "../audit.ts";
import type { SoakOptions } from "./options.ts";
import type { Soaked } from "./run.ts";

/** The object of `--json`. */
export function report({ records, stuckPositions, audit, refusals, faults }: Soaked) {
  const attempts = records.flatMap((record) => record.attempts);
  // A trade that is not over is part of what keeps its position.
  const stuck = new Set([...stuckPositions, ...records.filter(isUnfinished).map(({ trade }) => trade.positionId)]);
  return {
    trades: records.length,
    attempts: attempts.length,
    doubleLanded: audit.landedTwice.length,
    stuck: stuck.size,
    ledgerEqualsChain: audit.differences.length === 0,
    byCause: {
      trades: count(records.map(({ trade }) => endOfTrade(trade))),
      attempts: count(attempts.map(endOfAttempt)),
      refusals,
      faults,
    },
  };
}

export type Report = ReturnType<typeof report>;

export const succeeded = ({ trades, doubleLanded, stuck, ledgerEqualsChain }: Report, options: SoakOptions): boolean =>
  trades >= options.trades && doubleLanded === 0 && stuck === 0 && ledgerEqualsChain;

/** What is wrong, by name. */
export function tellWrong(
  { stuckPositions, audit, records }: Soaked,
  options: SoakOptions,
  say: (text: string) => void,
) {
  if (records.length < options.trades) say(`ONLY ${records.length} OF ${options.trades} TRADES IN THE TIME THERE WAS`);
  for (const tradeId of audit.landedTwice) say(`LANDED TWICE: ${tradeId}`);
  for (const positionId of stuckPositions) say(`STUCK: position ${positionId}`);
  for (const tradeId of audit.unfinished) say(`STUCK: ${tradeId}`);
  for (const { of, ledger, chain } of audit.differences) say(`LEDGER ≠ CHAIN: ${of}: ledger ${ledger}, chain ${chain}`);
  for (const positionId of audit.brokenSequences) say(`EVENTS WITH A GAP: position ${positionId}`);
}

function endOfTrade(trade: Trade): string {
  return trade.status === "failed" ? `failed ${trade.failure.code}` : trade.status;
}

function endOfAttempt(attempt: Attempt): string {
  switch (attempt.status) {
    case "final":
      return "landed";
    case "errored":
      return `errored ${attempt.cause}`;
    case "abandoned":
      return `abandoned ${attempt.refusal?.cause ?? "unsigned"}`;
    case "expired":
      return "expired";
    case "drafted":
    case "live":
    case "landed":
      return `unfinished ${attempt.status}`;
    default:
      return attempt satisfies never;
  }
}

function count(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
