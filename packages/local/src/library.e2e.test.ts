/** The README's example of a library user, as it stands there, against the local stack; and what it does not show. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  connectEngine,
  type Engine,
  executeTrade,
  getPosition,
  updatePositionStop,
} from "@backstop/core/library/engine";
import { JupiterClient } from "@backstop/core/library/jupiter-client";
import { PositionManager } from "@backstop/core/library/position-manager";
import { StopLossManager } from "@backstop/core/library/stop-loss-manager";
import { marketOf } from "@backstop/core/market/market";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clock, ids, log } from "../../../functions/system.ts";
import { boot, type LocalRun } from "./boot.ts";

const EXAMPLE = fileURLToPath(new URL("../examples/library.ts", import.meta.url));
const README = fileURLToPath(new URL("../../../README.md", import.meta.url));

let local: LocalRun;
let engine: Engine;
beforeAll(async () => {
  local = await boot({ seed: "library", port: 0, tickSeconds: 0.5 });
  Object.assign(process.env, local.environment);
  engine = await connectEngine(process.env, { clock, ids, log });
});
afterAll(() => local.stop());

async function open(positionId: number): Promise<void> {
  // A confirmation takes about a second.
  for (let looks = 0; looks < 100; looks++) {
    if ((await getPosition(engine, positionId)).status === "open") return;
    await sleep(100);
  }
  expect.unreachable(`position ${positionId} is not open after 10 s`);
}

const priceOf = async (symbol: string) => (await engine.currentPrice(marketOf(engine.markets, symbol))).price;

test("the example in the README is the one that runs, and it runs", async () => {
  const source = readFileSync(EXAMPLE, "utf8");
  expect(readFileSync(README, "utf8")).toContain(`\`\`\`ts\n${source}\`\`\``);
  const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE]);
  expect(JSON.parse(stdout)).toMatchObject({ stop: { kind: "trailing", distance: "0.05" }, open: 2 });
});

describe("opening", () => {
  test("at a price that no route gives is refused, and nothing is planned", async () => {
    const opening = new PositionManager(engine).openPosition("SOL/USDC", "buy", "50", "100");
    await expect(opening).rejects.toMatchObject({ code: "INSUFFICIENT_LIQUIDITY" });
  });

  test("bounds what is accepted on chain by the worst price", async () => {
    const { baseMint, quoteMint } = marketOf(engine.markets, "WIF/USDC");
    const quote = await new JupiterClient(engine).getQuote(quoteMint, baseMint, "20");
    // Two fifths of a percent above what the market gives, which moves meanwhile; the usual slippage is half a percent.
    const worst = ((Number(quote.amountIn) / Number(quote.amountOut)) * 1.004).toFixed(6);
    const trade = await executeTrade(engine, "WIF/USDC", "buy", "20", { worstPrice: worst });
    const [attempt] = trade.attempts;
    expect(20 / Number(attempt?.minimumOut)).toBeLessThanOrEqual(Number(worst) * 1.0001);
    expect(Number(attempt?.slippage)).toBeLessThan(0.005);
  });
});

describe("a stop", () => {
  test("is set, judged by a price that is told, and fires by the same claim as any", async () => {
    const { positionId } = await executeTrade(engine, "JTO/USDC", "buy", "20");
    await open(positionId);
    const price = await priceOf("JTO/USDC");
    const fixed = await updatePositionStop(engine, positionId, (price * 0.95).toFixed(6));
    expect(fixed.stop).toMatchObject({ kind: "fixed" });

    // A price that the market does not know fires nothing.
    const manager = new PositionManager(engine);
    expect((await manager.updatePosition(positionId, (price * 0.5).toFixed(6))).status).toBe("open");
    const trailing = await new StopLossManager(engine).setTrailingStop(positionId);
    expect(trailing.stop).toMatchObject({ kind: "trailing", distance: "0.03" });
    await new StopLossManager(engine).updateStops(positionId, (price * 2).toFixed(6));
    const { stop } = await getPosition(engine, positionId);
    expect(Number(stop && "highWaterMark" in stop ? stop.highWaterMark : 0)).toBeLessThan(price * 1.05);
    expect((await manager.closePosition(positionId)).kind).toBe("exit");
  });
});

describe("a swap", () => {
  test("is a trade like any other", async () => {
    const client = new JupiterClient(engine);
    const { baseMint, quoteMint } = marketOf(engine.markets, "BONK/USDC");
    const quote = await client.getQuote(quoteMint, baseMint, "15");
    expect(quote.amountIn).toBe(15_000_000n);
    const trade = await client.executeSwap(quote);
    expect(trade).toMatchObject({ symbol: "BONK/USDC", side: "buy", amountIn: "15" });
    await expect(client.getQuote(baseMint, baseMint, "15")).rejects.toMatchObject({ code: "MARKET_NOT_FOUND" });
  });
});
