/** Breaks of "record, sign, record, send": what is made, when, and how often. */
import { assemble } from "@backstop/core/solana/wire";
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import type { AttemptDraft } from "@backstop/core/trade/attempt.store";
import { attemptIdOf } from "@backstop/core/trade/attempt";
import bs58 from "bs58";
import { all, type Mutant } from "./mutant.ts";

export const sendBeforeRecord: Mutant = {
  name: "send-before-record",
  breaks: "the bytes go out before the row that says so is there",
  ports: ({ attempts, key, rpc }) => ({
    attempts: {
      ...all(attempts),
      async draft(draft, events) {
        await rpc.send(assemble(draft.message, await key.sign(draft.message))).catch(() => undefined);
        return attempts.draft(draft, events);
      },
    },
  }),
};

export const noFirewall: Mutant = {
  name: "no-firewall",
  breaks: "whatever is drafted is signed",
  ports: ({ attempts, key, clock }) => ({
    signing: {
      async sign(attemptId) {
        const attempt = await attempts.find(attemptId);
        if (!attempt) throw new Error(`there is no attempt ${attemptId}`);
        const signature = "signature" in attempt ? attempt.signature : await key.sign(attempt.message);
        const isStored = "signature" in attempt || (await attempts.sign(attemptId, signature, clock.now()));
        return isStored ? { outcome: "signed", signature } : { outcome: "unwanted", reason: "it is not" };
      },
    },
  }),
};

export const noUniqueAttempt: Mutant = {
  name: "no-unique-attempt",
  breaks: "nothing keeps a trade from a second unfinished attempt: neither the indexes nor the turn",
  without: ["attempt_one_unfinished_per_trade", "attempt_one_unfinished_exit_per_position"],
  ports: ({ attempts, turns }, { db }) => ({
    turns: { ...all(turns), take: async () => true },
    attempts: {
      ...all(attempts),
      draft: async (draft, events) => (await attempts.draft(draft, events)) || insertNext(db, draft),
    },
  }),
};

/** The next attempt, whatever there is of others. */
function insertNext(db: MemoryDatabase, draft: AttemptDraft): boolean {
  const trade = db.trades.named(draft.tradeId);
  const made = [...db.attempts.ascending("trade", draft.tradeId)];
  const last = made.at(-1);
  if (last?.status !== "live") return false;
  const number = last.number + 1;
  const attemptId = attemptIdOf(draft.tradeId, number);
  db.attempts.insert({
    ...last,
    ...draft,
    attemptId,
    number,
    follows: last.attemptId,
    status: "drafted",
    signature: null,
  });
  db.trades.update(trade.tradeId, { attempts: number });
  return true;
}

export const retryOnTimeout: Mutant = {
  name: "retry-on-timeout",
  breaks: "a send that is not answered counts as failed, and the next attempt is made",
  ports: ({ attempts, rpc, clock }, { db }) => ({
    rpc: {
      ...rpc,
      async send(bytes) {
        try {
          await rpc.send(bytes);
        } catch (error) {
          const sent = db.attempts.find("attempt_signature_unique", bs58.encode(bytes.subarray(1, 65)));
          if (sent) await attempts.expire(sent.attemptId, clock.now());
          throw error;
        }
      },
    },
  }),
};

export const erroredAtConfirmed: Mutant = {
  name: "errored-at-confirmed",
  breaks: "an error on chain is believed before it is final",
  ports: ({ rpc }) => ({
    rpc: {
      ...rpc,
      async statuses(signatures) {
        const { slot, statuses } = await rpc.statuses(signatures);
        return { slot, statuses: statuses.map((each) => (each?.error ? { ...each, commitment: "finalized" } : each)) };
      },
      transaction: (signature, commitment) =>
        rpc.transaction(signature, commitment === "finalized" ? "confirmed" : commitment),
    },
  }),
};

export const signatureNotStored: Mutant = {
  name: "signature-not-stored",
  breaks: "`sign` hands out a signature before it is stored, or although it could not be",
  ports: ({ attempts }) => ({
    attempts: {
      ...all(attempts),
      async sign(attemptId, signature, at) {
        await attempts.sign(attemptId, signature, at).catch(() => undefined);
        return true;
      },
    },
  }),
};

export const signUnwanted: Mutant = {
  name: "sign-unwanted",
  breaks: "`sign` stores a signature whatever has become of the attempt",
  ports: ({ attempts }, { db }) => ({
    attempts: {
      ...all(attempts),
      async find(attemptId) {
        const attempt = await attempts.find(attemptId);
        return attempt?.status === "abandoned" ? { ...attempt, status: "drafted" } : attempt;
      },
      async sign(attemptId, signature, at) {
        if (await attempts.sign(attemptId, signature, at)) return true;
        const { status } = db.attempts.named(attemptId);
        if (status === "abandoned") db.attempts.update(attemptId, { status: "live", signature, signedAt: at });
        return status === "abandoned";
      },
    },
  }),
  // Who drafts is frozen, and signs what somebody else has given up.
  scenario: { chances: { freeze: 0.02, kill: 0.02 } },
};
