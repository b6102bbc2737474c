/**
 * The scope of withdrawing: a key of its own, which neither a bot nor the database has.
 *
 * Who registers a destination or withdraws proves with each row that they hold the key; `sign` holds it too, and believes no
 * row without that proof. Rows that somebody wrote into the database move nothing.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Destination } from "./destination.ts";
import type { TransferFacts } from "./transfer.ts";

/** Hex. The deployment's operators have it, so that a wrong key is told at once and not a day later. */
export const digestOf = (key: string): string => createHash("sha256").update(key).digest("hex");

export const isKey = (key: string, digest: string): boolean => isEqual(digestOf(key), digest);

export type Registered = Pick<Destination, "accountId" | "address" | "registeredAt" | "registeredBy">;

export const authorizeDestination = (key: string, each: Registered): string =>
  sealed(key, ["destination", each.accountId, each.address, each.registeredAt.toISOString(), each.registeredBy]);

export type Withdrawn = Pick<
  TransferFacts,
  "transferId" | "accountId" | "mint" | "amount" | "destination" | "requestedBy"
>;

export const authorizeWithdrawal = (key: string, each: Withdrawn): string =>
  sealed(key, [
    "withdraw",
    each.transferId,
    each.accountId,
    each.mint ?? "",
    String(each.amount),
    each.destination ?? "",
    each.requestedBy,
  ]);

export const isAuthorized = (given: string | null, expected: string): boolean =>
  given !== null && isEqual(given, expected);

/** As JSON, so that no two lists of words are one text. */
const sealed = (key: string, words: readonly string[]): string =>
  createHmac("sha256", key).update(JSON.stringify(words)).digest("hex");

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
