/** Crash points 7 to 9: what was sent is not known to have arrived, is sent by somebody who woke up, is lost to a fork. */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { MARKET_SEED, marketOf } from "@backstop/core/market/market";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { expect, test } from "vitest";
import { crashPoints, FALL, SLOW, STATEMENTS, signatureOf } from "../testing/crash-points.ts";
import { CLEAN } from "../testing/scenario.ts";

const points = crashPoints("send");

test("7 sending timed out: it is no failure, whether the bytes arrived or not", SLOW, async () => {
  const { scenario, faults } = points;
  await points.atNodes("timeout");
  const tradeId = (await points.asked("SOL/USDC", "timed-out")) ?? expect.unreachable();
  const { trade, attempts } = await points.final(tradeId);
  expect(attempts).toMatchObject([{ number: 1, status: "final" }]);

  await points.atNodes("lost_reply");
  await faults.movePrice("SOL/USDC", FALL);
  await points.expectOneLife(trade.positionId, "trailing_stop");
  expect((await points.exit(trade.positionId)).attempts).toMatchObject([{ number: 1, status: "final" }]);
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("8 frozen for longer than a blockhash lives: what wakes up creates and sends nothing new", SLOW, async () => {
  const { scenario, faults } = points;
  const symbols = ["JUP/USDC", "WIF/USDC", "JTO/USDC"];
  const [claimed, signed, sent] = (await Promise.all(symbols.map(points.entered))) as [number, number, number];
  const { version } = await scenario.position(signed);
  const signing = await points.atPostgres(`trd_exit_${signed}_${version}_1.1,drafted`, "hold_request");
  await faults.movePrice("WIF/USDC", FALL);
  await faults.waitUntilHeld(signing);
  const claiming = await points.atPostgres(STATEMENTS.claim, "hold_request");
  await faults.movePrice("JUP/USDC", FALL);
  await faults.waitUntilHeld(claiming);
  const swap = {
    kind: "http",
    service: "jupiter",
    match: `outputMint:${marketOf(MARKET_SEED, "BONK/USDC").baseMint}`,
  } as const;
  const quoting = await faults.set({ ...swap, action: "hold" });
  const asking = points.asked("BONK/USDC", "frozen");
  await faults.waitUntilHeld(quoting);
  const sending = await points.atNodes("hold_request");
  await scenario.api.close(sent);
  for (const each of sending) await faults.waitUntilHeld(each);
  const frozen = await scenario.local.freezeEngine();

  const { trade } = await points.final((await points.entry("frozen")).trade.tradeId);
  await points.expectOneLife(claimed, "trailing_stop");
  await points.expectOneLife(signed, "trailing_stop");
  await points.expectOneLife(sent, "manual");
  const [old] = (await points.exit(sent)).attempts;
  await scenario.until("its blockhash is dead", async () => {
    const { blockHeight } = await scenario.rpc.finalized();
    return old && blockHeight > old.lastValidBlockHeight;
  });
  const made = async () => {
    const records = [
      await points.record(trade.tradeId),
      ...(await Promise.all([claimed, signed, sent].map(points.exit))),
    ];
    return records.map(({ attempts }) => attempts);
  };
  const before = await made();

  await faults.calm();
  const postponed = await points.counted(STATEMENTS.postpone);
  frozen.thaw();
  await faults.waitUntilBitten(postponed);
  // Whether it still got its answer or not, who asked once more is told of the same trade.
  await asking;
  expect(await points.asked("BONK/USDC", "frozen")).toBe(trade.tradeId);
  expect(await scenario.audit()).toEqual(CLEAN);
  await scenario.api.close(trade.positionId);
  await points.expectOneLife(trade.positionId, "manual");
  expect(await made()).toEqual(before);
  expect(await scenario.audit()).toEqual(CLEAN);
  await frozen.kill();
});

test.each([
  ["again", [{ status: "final" }]],
  ["out", [{ status: "expired" }, { status: "final" }]],
])("9 confirmed and forked %s: nothing is closed before it is final", SLOW, async (where, attempts) => {
  const { scenario } = points;
  const [symbol, other] = where === "again" ? ["SOL/USDC", "JUP/USDC"] : ["WIF/USDC", "BONK/USDC"];
  const left = await points.entered(symbol);
  const asked = (await points.asked(other, `forked-${where}`)) ?? expect.unreachable();
  const entry = await forked(asked, where === "again");
  const exit = await forked((await scenario.api.close(left)).tradeId, where === "again");
  expect([entry.position.status, exit.position.status]).toEqual(["open", "closing"]);

  for (const { trade } of [entry, exit]) {
    expect((await points.final(trade.tradeId)).attempts).toMatchObject(attempts);
  }
  expect(await scenario.position(entry.trade.positionId)).toMatchObject({ status: "open" });
  expect(await scenario.position(left)).toMatchObject({ status: "closed", quantity: "0" });
  expect(await points.told(left)).toMatchObject({ trade_executed: 2, position_closed: 1 });
  expect(await scenario.audit()).toEqual(CLEAN);
});

/** The trade as it was booked, when its block, and those on it, have been taken back. */
async function forked(tradeId: string, again: boolean): Promise<TradeRecord> {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new SQSClient({
    endpoint: points.env("AWS_ENDPOINT_URL_SQS"),
    region: points.env("AWS_REGION"),
    credentials,
  });
  const look = { QueueUrl: points.env("CONFIRM_QUEUE_URL"), MessageBody: JSON.stringify({ tradeId }) };
  const booked = await points.scenario.until(`${tradeId} is booked`, async () => {
    // A look more is harmless, and comes sooner than the next one: until it is final there is not much time.
    await client.send(new SendMessageCommand(look));
    const record = await points.record(tradeId);
    return record.trade.status === "confirmed" && record;
  });
  client.destroy();
  let lost: readonly string[];
  do lost = await points.faults.fork(1, again);
  while (!lost.includes(signatureOf(booked)));
  return booked;
}
