/** The engine signs by KMS alone: without it nothing is signed, and when it is back everything goes on from the rows. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";

const SEED = "kms";
const LOGS = fileURLToPath(new URL("../../../.backstop", import.meta.url));

/** The wallet's, which only the services have. */
const SECRET = bs58.encode(Keypair.fromSeed(createHash("sha256").update(`${SEED}/wallet`).digest()).secretKey);

let scenario: Scenario;
beforeAll(async () => {
  // Logs are added to: an earlier run's would tell of its own faults.
  rmSync(`${LOGS}/${SEED}`, { recursive: true, force: true });
  // The shell's own: with it and a key of KMS, the engine would sign nothing.
  process.env["WALLET_SECRET_KEY"] = bs58.encode(Keypair.generate().secretKey);
  scenario = await openScenario({ seed: SEED, logs: SEED });
  delete process.env["WALLET_SECRET_KEY"];
});
afterAll(() => scenario.stop());

test("an exit that KMS does not sign is signed when KMS is back, and lands once", { timeout: 150_000 }, async () => {
  const { positionId } = (await scenario.enter()).trade;
  const refusing = await scenario.faults.set({
    kind: "http",
    service: "kms",
    match: "Message",
    action: "status",
    status: 400,
    times: "always",
  });
  await scenario.faults.movePrice("SOL/USDC", 0.85);
  await scenario.until("KMS is asked for the exit's signature, and the engine gives up", async () => {
    const [fault] = (await scenario.faults.list()).filter(({ id }) => id === refusing);
    return (fault?.bitten ?? 0) >= 3;
  });
  expect(await scenario.exits(positionId)).toMatchObject([{ trade: { status: "planned" } }]);
  await scenario.faults.calm();
  expect(await scenario.over(positionId)).toMatchObject({ status: "closed", closeReason: "trailing_stop" });
  expect(await scenario.audit()).toEqual(CLEAN);
});

test("the wallet's secret is in no variable and in no log", () => {
  expect(Object.values(scenario.local.environment)).not.toContain(SECRET);
  const [engine, services] = ["engine", "services"].map((name) => readFileSync(`${LOGS}/${SEED}/${name}.log`, "utf8"));
  expect(engine).toContain("KMS did not sign with key");
  for (const log of [engine, services]) expect(log).not.toContain(SECRET);
});
