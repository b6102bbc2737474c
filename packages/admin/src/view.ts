/** Transfers and destinations as they are shown: amounts in base units, nothing that is to be signed, no proof of authority. */
import { type Destination, isUsable } from "@backstop/core/transfer/destination";
import type { Transfer } from "@backstop/core/transfer/transfer";

type View = Readonly<Record<string, unknown>>;

export const transferView = (transfer: Transfer): View => ({
  transferId: transfer.transferId,
  kind: transfer.kind,
  status: transfer.status,
  mint: transfer.mint,
  amount: String(transfer.amount),
  destination: transfer.destination,
  requestedBy: transfer.requestedBy,
  plannedAt: transfer.plannedAt.toISOString(),
  ...("signature" in transfer && { signature: transfer.signature }),
  ...("slot" in transfer && {
    slot: String(transfer.slot),
    feeLamports: String(transfer.feeLamports),
    lamportsChange: String(transfer.lamportsChange),
  }),
  ...("error" in transfer && { error: transfer.error }),
  ...("endedAt" in transfer && { endedAt: transfer.endedAt.toISOString() }),
});

export function transferLine(transfer: Transfer): string {
  const { transferId, kind, status, mint, amount, destination, requestedBy, plannedAt } = transfer;
  const moved = mint === null || kind === "reclaim_rent" ? `${amount} lamports` : `${amount} base units`;
  return [
    `${plannedAt.toISOString()} ${transferId} ${status}: ${kind} ${moved}`,
    mint === null ? "" : ` of ${mint}`,
    destination === null ? "" : ` to ${destination}`,
    `, for ${requestedBy}`,
    "signature" in transfer ? `, ${transfer.signature}` : "",
    "error" in transfer ? `: ${transfer.error}` : "",
  ].join("");
}

export const destinationView = (destination: Destination, now: Date): View => ({
  address: destination.address,
  label: destination.label,
  usable: isUsable(destination, now),
  usableAt: destination.usableAt.toISOString(),
  registeredBy: destination.registeredBy,
  registeredAt: destination.registeredAt.toISOString(),
  revokedBy: destination.revokedBy,
  revokedAt: destination.revokedAt?.toISOString() ?? null,
});

export function destinationLine(destination: Destination, now: Date): string {
  const { address, label, registeredBy, usableAt, revokedAt, revokedBy } = destination;
  const state = revokedAt
    ? `revoked ${revokedAt.toISOString()} by ${revokedBy}`
    : `${isUsable(destination, now) ? "usable since" : "usable from"} ${usableAt.toISOString()}`;
  return `${address} ${label}: ${state}, registered by ${registeredBy}`;
}
