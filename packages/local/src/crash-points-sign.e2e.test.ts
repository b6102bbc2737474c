/** Crash points 4 to 6: an engine is killed (`kill -9`) between the signing of an attempt and its sending. */
import { KMSClient } from "@aws-sdk/client-kms";
import { kmsKey } from "@backstop/core/solana/kms-key";
import { assemble } from "@backstop/core/solana/wire";
import type { Attempt } from "@backstop/core/trade/attempt";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { expect, test } from "vitest";
import { crashPoints, FALL, SLOW, STATEMENTS, signatureOf } from "../testing/crash-points.ts";
import { CLEAN } from "../testing/scenario.ts";

const points = crashPoints("sign");

test("4 signed, before that is stored: what nobody has stored is never sent", SLOW, async () => {
  const { scenario, faults } = points;
  // An engine that lives on signs its draft once more, which makes the same bytes.
  await points.atPostgres(STATEMENTS.sign, "cut");
  const { trade, attempts } = await scenario.enter({ symbol: "SOL/USDC" });
  expect(attempts).toMatchObject([{ number: 1, status: "final" }]);
  const { positionId } = trade;
  const storing = await points.atPostgres(STATEMENTS.sign, "hold_request", 2);
  const asking = points.asked("JUP/USDC", "unstored");
  await faults.movePrice("SOL/USDC", FALL);
  await points.diesAt([storing], 2);
  expect(await asking).toBeNull();
  const made = async () => [await points.entry("unstored"), await points.exit(positionId)].map((each) => each.attempts);
  const drafts = await made();
  expect(drafts).toMatchObject([[{ status: "drafted" }], [{ status: "drafted" }]]);
  const unstored = await Promise.all(drafts.flat().map(unstoredOf));
  await scenario.local.startEngine();

  await points.final((await points.entry("unstored")).trade.tradeId);
  await points.expectOneLife(positionId, "trailing_stop");
  // What the dead engine wanted to store arrives at last.
  await faults.release(storing);
  expect(await scenario.audit()).toEqual(CLEAN);
  const first = (await made()).flatMap((attempts) => attempts.slice(0, 1));
  for (const [index, { signature, sends }] of unstored.entries()) {
    // A young draft is signed again, which makes the same bytes; of an old one nothing is left.
    const stored = first[index] && "signature" in first[index] ? first[index].signature : null;
    expect(first[index]?.status).toBe(stored === null ? "abandoned" : "expired");
    expect([signature, null]).toContain(stored);
    expect((await bitten(sends)) > 0).toBe(stored !== null);
  }
  await points.expectOneLife(positionId, "trailing_stop");
});

test("5 stored, and answered to nobody: what the row holds is sent, and nothing else", SLOW, async () => {
  const { scenario, faults } = points;
  const asking = points.asked("WIF/USDC", "stored");
  await points.diesAt([await points.atPostgres(STATEMENTS.sign, "hold")]);
  expect(await asking).toBeNull();
  const entry = await points.entry("stored");
  expect(entry).toMatchObject({ trade: { status: "planned" }, attempts: [{ status: "live" }] });
  await scenario.local.startEngine();
  await expectSameBytes(entry);

  await faults.movePrice("WIF/USDC", FALL);
  await points.diesAt([await points.atPostgres(STATEMENTS.sign, "hold")]);
  const exit = await points.exit(entry.trade.positionId);
  expect(exit).toMatchObject({ trade: { status: "planned" }, attempts: [{ status: "live" }] });
  await scenario.local.startEngine();
  await expectSameBytes(exit);
  await points.expectOneLife(entry.trade.positionId, "trailing_stop");
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("6 stored, before it is sent: the same bytes are sent", SLOW, async () => {
  const { scenario, faults } = points;
  const asking = points.asked("BONK/USDC", "unsent");
  await points.diesAt(await points.atNodes("timeout", "always"));
  expect(await asking).toBeNull();
  const entry = await points.entry("unsent");
  await expectUnsent(entry);
  await faults.calm();
  await scenario.local.startEngine();
  await expectSameBytes(entry);

  await faults.movePrice("BONK/USDC", FALL);
  await points.diesAt(await points.atNodes("timeout", "always"));
  const exit = await points.exit(entry.trade.positionId);
  await expectUnsent(exit);
  await faults.calm();
  await scenario.local.startEngine();
  await expectSameBytes(exit);
  await points.expectOneLife(entry.trade.positionId, "trailing_stop");
  expect(await scenario.audit()).toEqual(CLEAN);
});

/** The signature that was made of it and given to nobody, and how often it is sent from now on. */
async function unstoredOf({ message }: Attempt) {
  const client = new KMSClient({
    endpoint: points.env("AWS_ENDPOINT_URL_KMS"),
    region: points.env("AWS_REGION"),
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const signature = await (await kmsKey(client, points.env("KMS_KEY_ID"))).sign(message);
  // As far as the signature goes, in whole groups of three bytes.
  const match = Buffer.from(assemble(message, signature)).toString("base64").slice(0, 84);
  const count = { kind: "http", action: "delay", ms: 1, times: "always", match } as const;
  const sends = [
    await points.faults.set({ ...count, service: "rpc" }),
    await points.faults.set({ ...count, service: "rpc2" }),
  ];
  return { signature, sends };
}

const bitten = async (ids: readonly string[]): Promise<number> =>
  (await points.faults.list()).reduce((sum, each) => sum + (ids.includes(each.id) ? each.bitten : 0), 0);

async function expectUnsent(record: TradeRecord): Promise<void> {
  expect(record).toMatchObject({ trade: { status: "submitted" }, attempts: [{ status: "live" }] });
  expect((await points.scenario.rpc.statuses([signatureOf(record)])).statuses).toEqual([null]);
}

/** The one attempt that there was is the one that landed. */
async function expectSameBytes(record: TradeRecord): Promise<void> {
  const landed = { number: 1, status: "final", signature: signatureOf(record) };
  expect((await points.final(record.trade.tradeId)).attempts).toMatchObject([landed]);
}
