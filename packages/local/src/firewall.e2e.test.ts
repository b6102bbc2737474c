/** A hostile Jupiter, through the deployed handlers: what it hands out is not signed, and a person is told why. */
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Keypair } from "@solana/web3.js";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";

const SEED = "firewall";
const LOGS = fileURLToPath(new URL("../../../.backstop", import.meta.url));
const ATTACKER = Keypair.fromSeed(Buffer.alloc(32, 66)).publicKey.toBase58();

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

let scenario: Scenario;
beforeAll(async () => {
  // Logs are added to: an earlier run's would tell of its own faults.
  rmSync(`${LOGS}/${SEED}`, { recursive: true, force: true });
  scenario = await openScenario({ seed: SEED, logs: SEED });
});
afterAll(() => scenario.stop());

const value = (name: string): string => scenario.local.environment[name] ?? expect.unreachable(name);

/** System transfer of so many lamports from the wallet. */
function theft(lamports: bigint) {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(2, 0);
  data.writeBigUInt64LE(lamports, 4);
  return {
    programId: "11111111111111111111111111111111",
    accounts: [
      { pubkey: scenario.wallet, isSigner: true, isWritable: true },
      { pubkey: ATTACKER, isSigner: false, isWritable: true },
    ],
    data: data.toString("base64"),
  };
}

/** The next instructions that are asked for come with a transfer to somebody else, which a trial of them does not mind. */
async function spoilNext(inputMint: string, outputMint: string, amount: bigint): Promise<void> {
  const asked = async (path: string, init: RequestInit = {}): Promise<Record<string, unknown>> => {
    const headers = { "x-api-key": value("JUPITER_API_KEY"), "content-type": "application/json" };
    return (await fetch(`${value("JUPITER_URL")}/swap/v1/${path}`, { ...init, headers })).json() as never;
  };
  const quoted = await asked(`quote?${new URLSearchParams({ inputMint, outputMint, amount: String(amount) })}`);
  // Whatever the price is by then, it does not fail.
  const quoteResponse = { ...quoted, slippageBps: 9_000 };
  const request = {
    userPublicKey: scenario.wallet,
    wrapAndUnwrapSol: false,
    dynamicComputeUnitLimit: true,
    quoteResponse,
  };
  const composed = await asked("swap-instructions", { method: "POST", body: JSON.stringify(request) });
  const body = { ...composed, otherInstructions: [theft(1_000_000n)] } as never;
  await scenario.faults.set({
    kind: "http",
    service: "jupiter",
    match: "swap-instructions",
    action: "status",
    status: 200,
    body,
    times: 1,
  });
}

describe("a hostile Jupiter", () => {
  test("has an exit refused and told, which goes out by another route", { timeout: 120_000 }, async () => {
    const { positionId } = (await scenario.enter()).trade;
    const { quantity } = await scenario.position(positionId);
    await spoilNext(SOL, USDC, BigInt(Math.round(Number(quantity) * 1e9)));
    await scenario.faults.movePrice("SOL/USDC", 0.85);
    expect(await scenario.over(positionId)).toMatchObject({ status: "closed", closeReason: "trailing_stop" });
    const [exit] = await scenario.exits(positionId);
    expect(exit?.attempts).toMatchObject([
      { status: "abandoned", refusal: { cause: "unsafe", error: expect.stringContaining("tip: ") } },
      { status: "final" },
    ]);
    const [refused, sent] = exit?.attempts ?? [];
    expect(sent?.route).not.toEqual(refused?.route);
    const alarms = (await scenario.events(positionId)).filter(({ name }) => name === "alarm_raised");
    expect(alarms.map(({ payload }) => payload)).toMatchObject([
      {
        code: "UNSAFE_TRANSACTION",
        message: `UNSAFE_TRANSACTION: tip: it transfers 1000000 lamports from ${scenario.wallet} to ${ATTACKER}, which is no tip account`,
      },
    ]);
  });

  test("ends an entry, which says so to who asks for it", { timeout: 60_000 }, async () => {
    await spoilNext(USDC, SOL, 100_000_000n);
    const { tradeId } = await scenario.api.trade({ symbol: "SOL/USDC", side: "buy", size: "100" }, "spoiled");
    const failed = await scenario.until("the entry has ended", async () => {
      const trade = await scenario.api.getTrade(tradeId);
      return trade.status === "failed" && trade;
    });
    const { positionId } = (await scenario.trades.find(tradeId))?.trade ?? expect.unreachable();
    const told = (await scenario.events(positionId)).filter(({ name }) => name === "alarm_raised");
    expect(told.map(({ payload }) => payload)).toMatchObject([{ code: "UNSAFE_TRANSACTION", tradeId }]);
    expect(failed.failure).toMatchObject({ code: "UNSAFE_TRANSACTION", message: expect.stringContaining("tip: ") });
    expect(await scenario.audit()).toEqual(CLEAN);
  });
});

/** Whatever goes wrong with a service is told in the log, in events or in an answer; what opens it is not. */
describe("a secret", () => {
  const SECRETS = ["JUPITER_API_KEY", "UPSTASH_REDIS_REST_TOKEN", "AWS_SECRET_ACCESS_KEY", "BACKSTOP_API_KEY"] as const;
  const answers: string[] = [];

  test("is planted wherever there is one, and each service fails in turn", { timeout: 120_000 }, async () => {
    for (const service of ["jupiter", "rpc", "postgres", "redis", "sqs", "lambda", "kms"] as const) {
      for (const action of ["cut", "status"] as const) {
        await scenario.faults.set({
          kind: "http",
          service,
          times: 2,
          ...(action === "cut" ? { action } : { action, status: 401 }),
        });
      }
      answers.push(await told(() => scenario.api.trade({ symbol: "SOL/USDC", side: "buy", size: "20" }, service)));
      answers.push(await told(() => scenario.api.livePositions()));
      await scenario.faults.calm();
    }
    answers.push(await told(() => scenario.api.trade({ symbol: "SOL/USDC", secret: value("JUPITER_API_KEY") }, "odd")));
    const wrong = await fetch(`${scenario.local.url}/positions`, { headers: { authorization: "Bearer nobody's" } });
    answers.push(await wrong.text());
    expect(await scenario.until("all is final", async () => (await scenario.audit()).unfinished.length === 0)).toBe(
      true,
    );
  });

  test("stands in no log, row, event or answer", async () => {
    const secrets = [
      ...SECRETS.map(value),
      new URL(value("DATABASE_URL")).password,
      new URL(value("BACKSTOP_JUPITER_RPC_ENDPOINT")).searchParams.get("api-key") ?? expect.unreachable(),
    ];
    const tables = ["account", "market", "position", "trade", "attempt", "trigger", "outbox", "shortage"];
    const rows = await Promise.all(
      tables.map(async (table) =>
        JSON.stringify((await scenario.db.execute(sql.raw(`select * from "${table}"`))).rows),
      ),
    );
    const engine = readFileSync(`${LOGS}/${SEED}/engine.log`, "utf8");
    expect(engine).toContain("Unauthorized");
    const everything = { engine, rows: rows.join("\n"), answers: answers.join("\n") };
    for (const [where, text] of Object.entries(everything)) {
      expect(text.length, where).toBeGreaterThan(100);
      for (const secret of secrets) expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
    }
  });
});

async function told(ask: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await ask());
  } catch (error) {
    return String(error);
  }
}
