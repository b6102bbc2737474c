/** Whatever function signs or sends an attempt, a message that will find out what became of it is on its way before. */
import { Keypair, SystemProgram } from "@solana/web3.js";
import bs58 from "bs58";
import { describe, expect, test } from "vitest";
import { FakeClock, fakeLog, fakeQueues } from "../../testing/fakes.ts";
import * as Given from "../../testing/given.ts";
import { buildMessage } from "../solana/transaction.ts";
import type { Attempt } from "./attempt.ts";
import { type SubmitDeps, submitTrade } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";

const wallet = Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey;
const { programId, keys, data } = SystemProgram.transfer({ fromPubkey: wallet, toPubkey: wallet, lamports: 1 });
const message = buildMessage({
  wallet: wallet.toBase58(),
  blockhash: wallet.toBase58(),
  instructions: [
    {
      programId: programId.toBase58(),
      accounts: keys.map((key) => ({ ...key, pubkey: key.pubkey.toBase58() })),
      data: data.toString("base64"),
    },
  ],
  lookupTables: [],
  attemptId: "trd_1.1",
  computeBudget: { unitLimit: 200_000, unitPriceMicroLamports: 0n },
});
const signature = bs58.encode(Buffer.alloc(64, 7));

/** A trade whose last attempt somebody else made and left; what happened to it, in order. */
function left(attempt: Attempt, sign?: SubmitDeps["signing"]["sign"], inDoubt = false) {
  const record: TradeRecord = {
    trade: Given.trade("planned", { kind: "exit", side: "sell" }),
    position: { ...Given.position("closing"), inDoubt },
    attempts: [{ ...attempt, message, ...("signature" in attempt && { signature }) } as Attempt],
    wallet: wallet.toBase58(),
  };
  const queues = fakeQueues();
  const order: string[] = [];
  const never = () => expect.unreachable("no other attempt is made");
  const deps = {
    clock: new FakeClock(),
    log: fakeLog(),
    trades: { find: async () => record, submit: async () => order.push("submitted") > 0 },
    attempts: { draft: never, abandon: never },
    turns: { take: never, release: never, postpone: never },
    jupiter: { getQuote: never, getSwap: never },
    rpc: { latestBlockhash: never, lookupTables: never, send: async () => void order.push("sent") },
    signing: {
      sign:
        sign ??
        (async () => {
          order.push(`signed after ${queues.sent.length} message`);
          return { outcome: "signed", signature };
        }),
    },
    queues,
    wakeRelay: async () => {},
  } as unknown as SubmitDeps;
  return { submission: submitTrade(deps, "trd_1"), order, queues };
}

const confirming = { queue: "confirm", tradeId: "trd_1", delaySeconds: 1 };

describe("an attempt that its function left", () => {
  test("drafted is signed and sent, with its message queued first", async () => {
    const { submission, order, queues } = left(Given.attempt("drafted"));
    expect(await submission).toBe("sent");
    expect(order).toEqual(["signed after 1 message", "submitted", "sent"]);
    expect(queues.sent).toEqual([confirming]);
  });

  test("signed is sent again as it is, with a message that will look for it", async () => {
    const { submission, order, queues } = left(Given.attempt("live"), () => expect.unreachable("it is signed"));
    expect(await submission).toBe("sent");
    expect(order).toEqual(["submitted", "sent"]);
    expect(queues.sent).toEqual([confirming]);
  });

  test("is not sent again while its entry may not have happened, and is looked for all the same", async () => {
    const { submission, order, queues } = left(Given.attempt("live"), undefined, true);
    expect(await submission).toBe("sent");
    expect(order).toEqual(["submitted"]);
    expect(queues.sent).toEqual([confirming]);
  });

  test("is not sent while nobody knows whether it is signed", async () => {
    const { submission, order } = left(Given.attempt("drafted"), () => Promise.reject(new Error("time-out")));
    expect(await submission).toEqual({ laterSeconds: 2 });
    expect(order).toEqual([]);
  });
});
