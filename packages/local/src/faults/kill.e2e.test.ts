/** An engine that is killed while a service still holds the reply that it waits for. */
import { Connection, PublicKey } from "@solana/web3.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiAt } from "../api.ts";
import { boot, type LocalRun } from "../boot.ts";

const QUICK_SLOT_MS = 50;
const PATIENCE = { timeout: 30_000, interval: 100 };

let local: LocalRun;
beforeAll(async () => {
  local = await boot({ seed: "kill", port: 0, tickSeconds: 0.5, slotMs: QUICK_SLOT_MS });
});
afterAll(() => local.stop());

const value = (name: string) => local.environment[name] ?? expect.unreachable(name);
/** The engine comes back at another address. */
const api = () => apiAt(local.url, value("BACKSTOP_API_KEY"));

const TRADE = { symbol: "SOL/USDC", side: "buy", size: "100" };
const buy = () => api().trade(TRADE, "killed");

test("what was sent, and never known to be, is sent once", { timeout: 90_000 }, async () => {
  const id = await local.faults.set({ kind: "http", service: "rpc", match: "sendTransaction", action: "hold" });
  const buying = buy().catch((error: unknown) => error);
  await local.faults.waitUntilHeld(id);
  await local.killEngine();
  expect(await buying).toBeInstanceOf(Error);
  expect(await local.faults.release(id)).toMatchObject({ bitten: 1, held: 1 });
  await local.startEngine();
  await expect.poll(() => api().livePositions(), PATIENCE).toMatchObject([{ status: "open" }]);
  expect(await buy()).toMatchObject({ status: expect.stringMatching("confirmed|finalized"), attempts: [{}] });
  const wallet = new PublicKey(value("BACKSTOP_LOCAL_WALLET"));
  const connection = new Connection(value("BACKSTOP_JUPITER_RPC_ENDPOINT"), "confirmed");
  expect(await connection.getSignaturesForAddress(wallet)).toHaveLength(1);
});
