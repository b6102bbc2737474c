/** Rows of trade and attempt, read as the unions they stand for. A row that contradicts its status is a bug, and throws. */
import { required } from "../db/error.ts";
import { mint } from "../market/mint.ts";
import { amount } from "../money/amount.ts";
import { bps } from "../money/bps.ts";
import type { attempt } from "./attempt.sql.ts";
import type { Attempt } from "./attempt.ts";
import type { trade } from "./trade.sql.ts";
import type { Trade } from "./trade.ts";

export function tradeOf(row: typeof trade.$inferSelect): Trade {
  const need = <Value>(value: Value | null, column: string): Value => required(value, column, row.tradeId);
  const facts = {
    tradeId: row.tradeId,
    accountId: row.accountId,
    positionId: row.positionId,
    symbol: row.symbol,
    kind: row.kind,
    side: row.side,
    inputMint: mint(row.inputMint),
    outputMint: mint(row.outputMint),
    amountIn: amount(row.amountIn),
    minimumOut: row.minimumOut === null ? null : amount(row.minimumOut),
    setbacks: { count: row.setbacks, last: row.setback, retryAt: row.retryAt },
    turnUntil: row.turnUntil,
    replaces: row.replaces,
    triesBefore: row.triesBefore,
    plannedAt: row.plannedAt,
  };
  const submitted = () => ({ submittedAt: need(row.submittedAt, "submitted_at") });
  const confirmed = () => ({ ...submitted(), confirmedAt: need(row.confirmedAt, "confirmed_at") });
  switch (row.status) {
    case "planned":
      return { ...facts, status: row.status };
    case "submitted":
      return { ...facts, ...submitted(), status: row.status };
    case "confirmed":
      return { ...facts, ...confirmed(), status: row.status };
    case "finalized":
      return { ...facts, ...confirmed(), status: row.status, finalizedAt: need(row.finalizedAt, "finalized_at") };
    case "failed":
      return {
        ...facts,
        status: row.status,
        failedAt: need(row.endedAt, "ended_at"),
        failure: need(row.failure, "failure"),
      };
    case "superseded":
      return { ...facts, status: row.status, supersededAt: need(row.endedAt, "ended_at") };
    default:
      return row.status satisfies never;
  }
}

export function attemptOf(row: typeof attempt.$inferSelect): Attempt {
  const need = <Value>(value: Value | null, column: string): Value => required(value, column, row.attemptId);
  const facts = {
    attemptId: row.attemptId,
    tradeId: row.tradeId,
    positionId: row.positionId,
    number: row.number,
    follows: row.follows,
    message: row.message,
    blockhash: row.blockhash,
    lastValidBlockHeight: row.lastValidBlockHeight,
    slippageBps: bps(row.slippageBps),
    quotedOut: amount(row.quotedOut),
    minimumOut: amount(row.minimumOut),
    route: row.route,
    draftedAt: row.draftedAt,
  };
  const signed = () => ({
    signature: need(row.signature, "signature"),
    signedAt: need(row.signedAt, "signed_at"),
  });
  const landed = () => ({
    ...signed(),
    landedAt: need(row.landedAt, "landed_at"),
    fill: {
      amountIn: amount(need(row.fillIn, "fill_in")),
      amountOut: amount(need(row.fillOut, "fill_out")),
      feeLamports: amount(need(row.feeLamports, "fee_lamports")),
      // Fills of before tips were told apart had none.
      tipLamports: amount(row.tipLamports ?? 0n),
      rentLamports: amount(need(row.rentLamports, "rent_lamports")),
      slot: need(row.slot, "slot"),
    },
  });
  const ended = () => ({ endedAt: need(row.endedAt, "ended_at") });
  switch (row.status) {
    case "drafted":
      return { ...facts, status: row.status };
    case "abandoned":
      return {
        ...facts,
        status: row.status,
        refusal: row.error === null ? null : { error: row.error, cause: row.cause ?? "other" },
      };
    case "live":
      return { ...facts, ...signed(), status: row.status };
    case "landed":
      return { ...facts, ...landed(), status: row.status };
    case "final":
      return { ...facts, ...landed(), ...ended(), status: row.status };
    case "errored":
      return {
        ...facts,
        ...signed(),
        ...ended(),
        status: row.status,
        error: need(row.error, "error"),
        cause: row.cause ?? "other",
        feeLamports: amount(need(row.feeLamports, "fee_lamports")),
      };
    case "expired":
      return { ...facts, ...signed(), ...ended(), status: row.status };
    default:
      return row.status satisfies never;
  }
}
