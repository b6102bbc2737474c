/**
 * A run that is kept: begun by the command, left with an open position; a second one, killed with everything in the middle
 * of a trade; a third one, which ends both positions.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clock } from "../../../functions/system.ts";
import { apiAt } from "./api.ts";
import { boot, type LocalRun } from "./boot.ts";
import { openDataDirectory } from "./data-directory.ts";
import { FUNDS } from "./funds.ts";
import type { StoryTrade } from "./options.ts";
import { tellStory } from "./story.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const SYMBOL = "SOL/USDC";
const SEED = "4";
const TRADE: StoryTrade = { side: "buy", size: "200", stop: { kind: "trailing", distance: "0.05" } };

let root: string;
const file = (name: string) => path.join(root, name);
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "kept-"));
  writeFileSync(file("calm.csv"), "time,open,high,low,close,volume\n0,150,150.5,149.5,150,1\n");
  writeFileSync(file("crash.csv"), "time,open,high,low,close,volume\n0,150,150.5,100,101,1\n60,101,102,100,101,1\n");
});
afterAll(() => rmSync(root, { recursive: true }));

const withPrices = (name: string) => ["--prices", file(name), "--data", file("state"), "--seed", SEED];

function once(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "--once", "--json", ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

async function bootKept(prices?: string): Promise<LocalRun> {
  const data = await openDataDirectory(file("state"), SEED);
  const recorded = prices === undefined ? undefined : { symbol: SYMBOL, file: file(prices), speed: 60 };
  return boot({ seed: SEED, port: 0, tickSeconds: 0.5, data, recorded });
}

const value = (local: LocalRun, name: string) => local.environment[name] ?? "";
const apiOf = (local: LocalRun) => apiAt(local.url, value(local, "BACKSTOP_API_KEY"));
const rpcOf = (local: LocalRun) => solanaRpc([value(local, "BACKSTOP_JUPITER_RPC_ENDPOINT")], clock);

/** The rest of two stories, of which this run sees the last. */
async function endStories(local: LocalRun) {
  const url = value(local, "DATABASE_URL");
  const db = connect({ url, fetchEndpoint: value(local, "DATABASE_FETCH_ENDPOINT") }, clock);
  return tellStory({
    api: apiOf(local),
    outbox: outboxStore(db),
    trades: tradeStore(db),
    rpc: rpcOf(local),
    wallet: value(local, "BACKSTOP_LOCAL_WALLET"),
    funds: FUNDS,
    symbol: SYMBOL,
    trade: TRADE,
    market: {
      begin: () => local.beginStory(SYMBOL, "buy"),
      stage: () => local.stageOf(SYMBOL),
      lastsMs: 2_000,
    },
    onEvent: () => undefined,
    onResume: () => undefined,
  });
}

test("positions, ledger and chain outlive every end of a run, and the stops are armed again", {
  timeout: 150_000,
}, async () => {
  const first = await once(...withPrices("calm.csv"));
  expect(first.stderr).toContain("Its stop was not hit");
  expect(first.code).toBe(1);
  expect(JSON.parse(first.stdout)).toMatchObject({
    positions: [{ positionId: 1, status: "open", closeReason: null }],
    trades: 1,
    ledgerEqualsChain: true,
  });

  const killed = await bootKept();
  let height: bigint;
  try {
    expect(await apiOf(killed).livePositions()).toMatchObject([{ positionId: 1, status: "open" }]);
    ({ blockHeight: height } = await rpcOf(killed).finalized());
    const { status } = await apiOf(killed).trade({ ...TRADE, symbol: SYMBOL }, "in-flight");
    expect(status).toBe("submitted");
  } finally {
    await killed.kill();
  }

  const last = await bootKept("crash.csv");
  try {
    expect((await rpcOf(last).finalized()).blockHeight).toBeGreaterThanOrEqual(height);
    const story = await endStories(last);
    expect(story.position).toMatchObject({ positionId: 2, status: "closed", closeReason: "trailing_stop" });
    expect(story.events).toMatchObject({ trade_confirmed: 2, stop_loss_triggered: 1, position_closed: 1 });
    expect(story.differences).toEqual([]);
    // Its exit is final; that the position is closed is told by the same look at it.
    const other = () => apiOf(last).getPosition(1);
    for (let looks = 0; looks < 50 && (await other()).status !== "closed"; looks += 1) await sleep(100);
    expect(await other()).toMatchObject({ status: "closed", closeReason: "trailing_stop", quantity: "0" });
  } finally {
    await last.stop();
  }
});
