/** Messages name trades, and each is answered for itself; the schedule looks at everything. */
import { FakeClock, fakeLog, fakeQueues } from "@backstop/core/testing/fakes";
import { expect, test } from "vitest";
import { make } from "./reconcile.ts";

/** A ledger with nothing in it, and one trade that cannot be read. */
function handler() {
  const asked: string[] = [];
  const unused = () => Promise.reject(new Error("nobody asks for this here"));
  const note = (what: string) => async () => {
    asked.push(what);
    return [];
  };
  const run = make({
    clock: new FakeClock(),
    log: fakeLog(),
    queues: fakeQueues(),
    looks: { unlooked: note("stuck"), takeLook: unused, expired: note("expired"), holdings: note("holdings") },
    shortages: {
      books: unused,
      sighting: unused,
      agree: unused,
      sight: unused,
      freeze: unused,
      writeOff: unused,
      own: unused,
    },
    trades: {
      find: unused,
      findExit: unused,
      findMany: async (tradeIds) => {
        asked.push(tradeIds.join(" "));
        if (tradeIds.includes("trd_unread")) throw new Error("no answer");
        return [];
      },
    },
    attempts: { fail: unused },
    fills: { land: unused, landLate: unused },
    turns: { take: unused },
    stops: { armed: note("armed stops") },
    book: {
      cursor: async () => "0-0",
      writeBase: async (stops) => void asked.push(`a book of ${stops.length}`),
    },
    rpc: { finalized: unused, tokens: unused, history: unused, transaction: unused, statuses: unused },
    markets: [],
    prices: { prices: unused },
    wakeRelay: async () => {},
  });
  return { run, asked };
}

const message = (messageId: string, body: string) => ({ messageId, body });

test("a batch asks for the trades that it names, and an unreadable message fails alone", async () => {
  const { run, asked } = handler();
  const Records = [message("1", '{"tradeId":"trd_1"}'), message("2", "?"), message("3", '{"tradeId":"trd_1"}')];
  expect(await run({ Records })).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }] });
  expect(asked).toEqual(["trd_1"]);
});

test("a batch whose trades cannot be read comes again", async () => {
  const { run } = handler();
  await expect(run({ Records: [message("1", '{"tradeId":"trd_unread"}')] })).rejects.toThrow("no answer");
});

test("the schedule looks at everything", async () => {
  const { run, asked } = handler();
  expect(await run({})).toEqual({ batchItemFailures: [] });
  expect(asked).toEqual(["stuck", "expired", "holdings", "armed stops", "a book of 0"]);
});
