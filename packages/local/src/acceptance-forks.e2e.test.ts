/** An entry whose block is forked away while its stop has fired: whatever becomes of it, the books say what the chain does, and a person hears of it. */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { signatureOf } from "../testing/crash-points.ts";
import { CLEAN, type EntryBody, openScenario, type Scenario } from "../testing/scenario.ts";
import { toldWhenOver } from "../testing/told.ts";

/** That an entry is dead takes the life of its blockhash and a finalization: 40 s; the rest is for what shares the processors. */
vi.setConfig({ testTimeout: 150_000 });

/** Of 31 blocks that are not final: as long as a stop takes to fire and its exit to be sent, twice. */
const SLOT_MS = 200;

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario({ seed: "acceptance of forks", logs: "acceptance-forks", slotMs: SLOT_MS });
});
afterEach(() => scenario.faults.calm());
afterAll(() => scenario.stop());

/** Asks for a look at the trade now: until a block is final there is not much time. */
async function look(tradeId: string): Promise<void> {
  const { environment } = scenario.local;
  const client = new SQSClient({
    endpoint: environment["AWS_ENDPOINT_URL_SQS"] ?? "",
    region: environment["AWS_REGION"] ?? "",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const QueueUrl = environment["CONFIRM_QUEUE_URL"] ?? "";
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ tradeId }) }));
  client.destroy();
}

const booked = (tradeId: string): Promise<TradeRecord> =>
  scenario.until(`${tradeId} is booked`, async () => {
    await look(tradeId);
    const record = await scenario.trades.find(tradeId);
    return record?.trade.status === "confirmed" && record;
  });

/** An entry that is confirmed and not final, under a stop that only a fault's price hits. */
async function entered(body: Pick<EntryBody, "symbol" | "side">): Promise<TradeRecord> {
  const asked = { size: "100", stop: { kind: "trailing", distance: "0.1" }, ...body };
  const { tradeId } = await scenario.api.trade(asked, `fork-${body.symbol}-${body.side}`);
  return booked(tradeId);
}

/** The newest blocks are lost until all of these are. */
async function forkedAway(records: readonly TradeRecord[], again: boolean): Promise<void> {
  const lost = new Set<string>();
  while (!records.every((record) => lost.has(signatureOf(record)))) {
    for (const signature of await scenario.faults.fork(1, again)) lost.add(signature);
  }
}

const sent = ({ trade }: TradeRecord): Promise<TradeRecord> =>
  scenario.until(`the exit of position ${trade.positionId} is sent`, async () => {
    const [exit] = await scenario.exits(trade.positionId);
    return exit?.trade.status === "submitted" && exit;
  });

test("an entry that never lands again, whose exit does, ends its position, and what was sold is told", async () => {
  const entries = await Promise.all([
    entered({ symbol: "SOL/USDC", side: "buy" }),
    entered({ symbol: "JUP/USDC", side: "sell" }),
  ]);
  await scenario.faults.set({ kind: "transactions", action: "late", blocks: 40, times: 2 });
  const asking = await scenario.faults.set({
    kind: "http",
    service: "rpc",
    match: "getLatestBlockhash",
    action: "hold_request",
    times: 2,
  });
  await Promise.all([scenario.faults.movePrice("SOL/USDC", 0.85), scenario.faults.movePrice("JUP/USDC", 1 / 0.85)]);
  await scenario.faults.waitUntilHeld(asking, 2);
  // A blockhash of the block that is lost, or of one on it, would be lost with it: the node that is asked is behind.
  const behind = await scenario.faults.set({ kind: "lag", node: 1, blocks: 40 });
  await scenario.faults.release(asking);
  const exits = await Promise.all(entries.map(sent));
  await scenario.faults.release(behind);
  await forkedAway(entries, false);

  for (const [index, { trade }] of entries.entries()) {
    const told = await toldWhenOver(scenario, trade);
    const exit = exits[index] ?? expect.unreachable();
    expect(told.position).toMatchObject({ status: "aborted", quantity: "0", entryPrice: null, exitPrice: null });
    expect(told.entry).toMatchObject({ status: "failed", failure: { code: "TRANSACTION_FAILED" } });
    expect(told.entry.attempts).toMatchObject([{ status: "expired", fill: null, feeLamports: null }]);
    expect(told.exits).toMatchObject([{ status: "finalized", attempts: [{ status: "final" }] }]);
    expect(told.alarms).toMatchObject([
      {
        code: "EXIT_WITHOUT_ENTRY",
        tradeId: trade.tradeId,
        message: expect.stringContaining(` ${exit.trade.amountIn} `),
      },
    ]);
    expect(told.position.fees.lamports).toBe(told.exits[0]?.attempts[0]?.feeLamports);
  }
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("an entry and its exit that are forked away together and never land again leave nothing", async () => {
  const entry = await entered({ symbol: "WIF/USDC", side: "buy" });
  await scenario.faults.movePrice("WIF/USDC", 0.85);
  const exit = await booked((await sent(entry)).trade.tradeId);
  await forkedAway([entry, exit], false);

  const told = await toldWhenOver(scenario, entry.trade);
  expect(told.position).toMatchObject({ status: "aborted", quantity: "0", fees: { lamports: "0" } });
  expect(told.entry.attempts).toMatchObject([{ status: "expired", fill: null }]);
  expect(told.exits).toMatchObject([{ status: "superseded", attempts: [{ status: "expired", fill: null }] }]);
  expect(told.alarms).toEqual([]);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("an entry that lands again is booked as it is there, and sold by another attempt when its exit cannot", async () => {
  const entry = await entered({ symbol: "BONK/USDC", side: "buy" });
  await scenario.faults.movePrice("BONK/USDC", 0.85);
  const exit = await booked((await sent(entry)).trade.tradeId);
  // The exit's blockhash is of a block that is lost as well.
  await forkedAway([entry, exit], true);

  const { positionId } = entry.trade;
  await scenario.until("both are final", async () => {
    const records = await scenario.trades.findMany([entry.trade.tradeId, exit.trade.tradeId]);
    return records.every(({ trade }) => trade.status === "finalized");
  });
  // It may have brought a little more this time, which the exit had not been planned for.
  if ((await scenario.position(positionId)).status === "open") await scenario.api.close(positionId);
  const told = await toldWhenOver(scenario, entry.trade);
  expect(told.position).toMatchObject({ status: "closed", quantity: "0", missing: "0" });
  expect(told.entry.attempts).toMatchObject([{ status: "final" }]);
  expect(told.exits[0]?.attempts[0]).toMatchObject({ status: "expired" });
  expect(told.alarms.filter(({ code }) => code !== "DUST_LEFT")).toEqual([]);
  expect(await scenario.audit()).toEqual(CLEAN);
});
