/** What may become of one transaction between the engine and the chain. Whatever it is, the wallet moves once. */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";
import { expectToAddUp, ladderOf, toldWhenOver } from "../testing/told.ts";

/** The longest takes half a minute; the rest is for what shares the processors. */
vi.setConfig({ testTimeout: 90_000 });

/** An engine is back well within the life of a blockhash, which is 15 s then. */
const SLOT_MS = 100;

/** Of a blockhash, in blocks. */
const LIFE = 150n;

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario({ seed: "acceptance of attempts", logs: "acceptance-attempts", slotMs: SLOT_MS });
});
afterEach(() => scenario.faults.calm());
afterAll(() => scenario.stop());

const NODES = ["rpc", "rpc2"] as const;

/** Jupiter's error for a price that has moved, by its number or by its name. */
const SLIPPED = /6001|SlippageToleranceExceeded/;

/** The price falls through the stop of `scenario.enter`. */
const crash = (symbol: string) => scenario.faults.movePrice(symbol, 0.85);

/** So many messages that name the trade, as if the queue had lost count. */
async function repeatMessages(tradeId: string, times: number): Promise<void> {
  const { environment } = scenario.local;
  const client = new SQSClient({
    endpoint: environment["AWS_ENDPOINT_URL_SQS"] ?? "",
    region: environment["AWS_REGION"] ?? "",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const MessageBody = JSON.stringify({ tradeId });
  await Promise.all(
    ["EXECUTE_QUEUE_URL", "CONFIRM_QUEUE_URL"].flatMap((name) =>
      Array.from({ length: times }, () =>
        client.send(new SendMessageCommand({ QueueUrl: environment[name] ?? "", MessageBody })),
      ),
    ),
  );
  client.destroy();
}

test("a transaction is not sent as another one when both nodes took it and their replies were lost", async () => {
  const lost = await Promise.all(
    NODES.map((service) =>
      scenario.faults.set({ kind: "http", service, match: "sendTransaction", action: "lost_reply", times: "always" }),
    ),
  );
  const { trade } = await scenario.enter({ symbol: "SOL/USDC" });
  await crash("SOL/USDC");
  const told = await toldWhenOver(scenario, trade);

  for (const id of lost) expect((await scenario.faults.release(id)).bitten).toBeGreaterThanOrEqual(2);
  expect(told.position).toMatchObject({ status: "closed", closeReason: "trailing_stop", missing: "0", dust: "0" });
  expect(ladderOf(told.entry)).toEqual([["0.005", "final"]]);
  expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
  expect(told.alarms).toEqual([]);
  expectToAddUp(told);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("an exit whose engine dies between its signature and its first byte lands under that signature, once", async () => {
  const { trade } = await scenario.enter({ symbol: "JUP/USDC" });
  const held = await Promise.all(
    NODES.map((service) =>
      scenario.faults.set({ kind: "http", service, match: "sendTransaction", action: "hold_request" }),
    ),
  );
  await crash("JUP/USDC");
  for (const id of held) await scenario.faults.waitUntilHeld(id);
  const [signed] = await scenario.exits(trade.positionId);
  await scenario.local.killEngine();
  expect(signed?.attempts).toMatchObject([{ status: "live" }]);
  const signature = signed?.attempts.map((attempt) => "signature" in attempt && attempt.signature)[0] || "";
  expect((await scenario.rpc.statuses([signature])).statuses).toEqual([null]);

  await scenario.local.startEngine();
  // What it asked the queue for before it died was answered to nobody: the message that was on its way comes again.
  await repeatMessages(signed?.trade.tradeId ?? "", 1);
  await scenario.until("the exit is on the chain", async () => {
    const { statuses } = await scenario.rpc.statuses([signature]);
    return statuses[0];
  });
  // What the dead engine had sent arrives after all.
  for (const id of held) await scenario.faults.release(id);
  const told = await toldWhenOver(scenario, trade);

  expect(told.position.closeReason).toBe("trailing_stop");
  expect(told.exits.map(({ attempts }) => attempts)).toMatchObject([[{ signature, status: "final" }]]);
  expect(told.alarms).toEqual([]);
  expectToAddUp(told);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("an exit that many workers are at makes one attempt, whoever of them carries it out", async () => {
  const { trade } = await scenario.enter({ symbol: "BONK/USDC" });
  const asking = await scenario.faults.set({
    kind: "http",
    service: "jupiter",
    match: "/swap/v1/quote",
    action: "hold_request",
  });
  await crash("BONK/USDC");
  await scenario.faults.waitUntilHeld(asking);
  const [exit] = await scenario.exits(trade.positionId);
  const tradeId = exit?.trade.tradeId ?? "";
  // The first one is about to make an attempt, and then has made it and does not know.
  await repeatMessages(tradeId, 12);
  const drafting = await scenario.faults.set({
    kind: "http",
    service: "postgres",
    match: "insert into attempt",
    action: "hold",
  });
  await scenario.faults.release(asking);
  await scenario.faults.waitUntilHeld(drafting);
  await repeatMessages(tradeId, 12);
  await scenario.until("another worker has carried it out", async () => {
    const { status } = await scenario.api.getTrade(tradeId);
    return status === "confirmed";
  });
  await scenario.faults.release(drafting);
  await repeatMessages(tradeId, 12);
  const told = await toldWhenOver(scenario, trade);

  expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
  expect(told.alarms).toEqual([]);
  expectToAddUp(told);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("an exit that no node knows of for 100 blocks is waited for, and lands", async () => {
  const { trade } = await scenario.enter({ symbol: "WIF/USDC" });
  await scenario.faults.set({ kind: "transactions", action: "late", blocks: 100 });
  await crash("WIF/USDC");
  const told = await toldWhenOver(scenario, trade);

  expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
  const [exit] = told.exits.flatMap(({ attempts }) => attempts);
  const { slot, blockHeight } = await scenario.rpc.finalized();
  const landedAt = BigInt(exit?.fill?.slot ?? 0) - (slot - blockHeight);
  expect(landedAt - (BigInt(exit?.lastValidBlockHeight ?? 0) - LIFE)).toBeGreaterThanOrEqual(100n);
  expect(told.alarms).toEqual([]);
  expectToAddUp(told);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("an exit that fails for its slippage five times climbs the ladder, pays each fee, and lands the sixth time", async () => {
  const { trade } = await scenario.enter({ symbol: "JTO/USDC" });
  await scenario.faults.set({ kind: "transactions", action: "revert", times: 5 });
  await crash("JTO/USDC");
  const told = await toldWhenOver(scenario, trade);

  expect(told.exits.map(ladderOf)).toEqual([
    [
      ["0.005", "errored"],
      ["0.01", "errored"],
      ["0.03", "errored"],
      ["0.08", "errored"],
      ["0.2", "errored"],
      ["0.2", "final"],
    ],
  ]);
  const attempts = told.exits.flatMap((exit) => exit.attempts);
  for (const { error, feeLamports, fill } of attempts.slice(0, 5)) {
    expect(error).toMatch(SLIPPED);
    expect(Number(feeLamports)).toBeGreaterThanOrEqual(5_000);
    expect(fill).toBeNull();
  }
  expect(attempts.at(-1)?.error).toBeNull();
  expect(new Set(attempts.map(({ signature }) => signature)).size).toBe(6);
  expect(told.alarms).toMatchObject([{ code: "EXIT_DELAYED", message: expect.stringMatching(SLIPPED) }]);
  // The fees of all seven transactions, and nothing else, are between the fills and the profit.
  expectToAddUp(told);
  expect(await scenario.audit()).toEqual(CLEAN);
});
