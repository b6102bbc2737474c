/**
 * Signing an attempt: the one door to the key.
 *
 * Invariants: it takes an id and nothing else; it signs what the row holds, once, while the row is drafted and its trade
 * wanted and the draft young; a signature is handed out only after it is stored, and asking again returns the stored one.
 */
import type { Clock } from "../clock.ts";
import type { Key, SignAnswer } from "../solana/signer.ts";
import { payerOf } from "../solana/transaction.ts";
import type { AttemptStore } from "./attempt.store.ts";

export interface SignDeps {
  readonly clock: Clock;
  readonly attempts: Pick<AttemptStore, "find" | "sign">;
  readonly key: Key;
}

const unwanted = (reason: string): SignAnswer => ({ outcome: "unwanted", reason });

const refused = (rule: string, reason: string): SignAnswer => ({ outcome: "refused", rule, reason });

export async function signAttempt({ clock, attempts, key }: SignDeps, attemptId: string): Promise<SignAnswer> {
  const attempt = await attempts.find(attemptId);
  if (!attempt) return refused("known_attempt", `there is no attempt ${attemptId}`);
  if ("signature" in attempt) return { outcome: "signed", signature: attempt.signature };
  if (attempt.status !== "drafted") return unwanted(`attempt ${attemptId} is ${attempt.status}`);
  const payer = payerOf(attempt.message);
  if (payer !== key.wallet) return refused("own_wallet", `the fee payer is ${payer}, the key is ${key.wallet}'s`);

  const signature = await key.sign(attempt.message);
  if (await attempts.sign(attemptId, signature, clock.now())) return { outcome: "signed", signature };
  const now = await attempts.find(attemptId);
  return now && "signature" in now
    ? { outcome: "signed", signature: now.signature }
    : unwanted(`attempt ${attemptId} is ${now?.status}, too old, or its trade is not wanted any more`);
}
