/** Rows of transfers as transfers. */
import { required } from "../db/error.ts";
import { mint } from "../market/mint.ts";
import { amount } from "../money/amount.ts";
import type { transfer } from "./transfer.sql.ts";
import type { Transfer } from "./transfer.ts";

/** @throws TypeError when the row lacks what its status promises. */
export function transferOf(row: typeof transfer.$inferSelect): Transfer {
  const need = <Value>(value: Value | null, column: string): Value => required(value, column, row.transferId);
  const facts = {
    transferId: row.transferId,
    accountId: row.accountId,
    kind: row.kind,
    mint: row.mint === null ? null : mint(row.mint),
    amount: amount(row.amount),
    destination: row.destination,
    requestedBy: row.requestedBy,
    authorization: row.authorization,
    plannedAt: row.plannedAt,
  };
  const draft = () => ({
    message: need(row.message, "message"),
    blockhash: need(row.blockhash, "blockhash"),
    lastValidBlockHeight: need(row.lastValidBlockHeight, "last_valid_block_height"),
    draftedAt: need(row.draftedAt, "drafted_at"),
  });
  const signed = () => ({
    ...draft(),
    signature: need(row.signature, "signature"),
    signedAt: need(row.signedAt, "signed_at"),
  });
  const landing = () => ({
    feeLamports: amount(need(row.feeLamports, "fee_lamports")),
    lamportsChange: need(row.lamportsChange, "lamports_change"),
    slot: need(row.slot, "slot"),
  });
  const ended = () => ({ endedAt: need(row.endedAt, "ended_at") });
  switch (row.status) {
    case "planned":
      return { ...facts, status: row.status };
    case "drafted":
      return { ...facts, ...draft(), status: row.status };
    case "live":
      return { ...facts, ...signed(), status: row.status };
    case "final":
      return { ...facts, ...signed(), ...landing(), ...ended(), status: row.status };
    case "errored":
      return { ...facts, ...signed(), ...landing(), ...ended(), status: row.status, error: need(row.error, "error") };
    case "expired":
      return { ...facts, ...signed(), ...ended(), status: row.status };
    case "refused":
      return { ...facts, ...ended(), status: row.status, error: need(row.error, "error") };
    default:
      return row.status satisfies never;
  }
}
