/**
 * The memo of an attempt's transaction.
 *
 * Two trades of the same amounts under the same blockhash would be the same transaction: one would land, and both would see
 * it. The memo tells them apart; it is a digest, so that nobody learns from it that a stop is selling.
 */
import { createHash } from "node:crypto";

/** 64 bits of a digest, base64url. */
export const memoOf = (attemptId: string): string =>
  createHash("sha256").update(attemptId).digest().subarray(0, 8).toString("base64url");
