/** The main job, as a person runs it, and once more with the engine killed in the middle of it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { MARKET_SEED } from "@backstop/core/market/market";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { describe, expect, test } from "vitest";
import { clock } from "../../../functions/system.ts";
import { apiAt } from "./api.ts";
import { boot } from "./boot.ts";
import { SLOT_MS } from "./chain/chain.ts";
import { FUNDS } from "./funds.ts";
import { tellStory } from "./story.ts";
import { STORY_BLOCKS } from "./venue/market.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** The story takes three quarters of a minute, with two kills in it twice that; a machine that shares its cores needs more. */
const STORY_MS = 150_000;

describe.concurrent("the story", { timeout: STORY_MS }, () => {
  test("ends with 0, and with one JSON object on standard output", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "--once", "--json", "--seed", "7"]);
    expect(JSON.parse(stdout)).toEqual({
      positions: [
        {
          positionId: 1,
          symbol: "SOL/USDC",
          side: "buy",
          status: "closed",
          closeReason: "trailing_stop",
          size: "100",
          entryPrice: expect.stringMatching(/^\d+\.\d+$/),
          exitPrice: expect.stringMatching(/^\d+\.\d+$/),
          realizedPnl: expect.stringMatching(/^-?\d+\.\d+$/),
          feesLamports: expect.stringMatching(/^\d+$/),
        },
      ],
      trades: 2,
      attempts: expect.any(Number),
      stopRaises: expect.any(Number),
      events: {
        trade_executed: 2,
        trade_confirmed: 2,
        position_opened: 1,
        position_updated: 1,
        trailing_stop_updated: expect.any(Number),
        stop_loss_triggered: 1,
        position_closed: 1,
      },
      ledgerEqualsChain: true,
      bootMs: expect.any(Number),
    });
  });

  test("comes to the same end for who sold, and when the engine is killed after the entry and again after the trigger", async () => {
    const local = await boot({ seed: "killed", port: 0, tickSeconds: 0.5 });
    try {
      const value = (name: string) => local.environment[name] ?? "";
      const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
      const [market] = MARKET_SEED;
      if (!market) return expect.unreachable();
      const key = value("BACKSTOP_API_KEY");
      let kills = 0;
      let restarted = Promise.resolve();
      const killAndRestart = async () => {
        await local.killEngine();
        await local.startEngine();
      };
      const api = apiAt(local.url, key);
      const story = await tellStory({
        // The engine comes back at another address.
        api: { ...api, getPosition: (id) => restarted.then(() => apiAt(local.url, key).getPosition(id)) },
        outbox: outboxStore(db),
        trades: tradeStore(db),
        rpc: solanaRpc([value("BACKSTOP_JUPITER_RPC_ENDPOINT")], clock),
        wallet: value("BACKSTOP_LOCAL_WALLET"),
        funds: FUNDS,
        symbol: market.symbol,
        trade: { side: "sell", size: "100", stop: { kind: "trailing", distance: "0.03" } },
        market: {
          begin: () => local.beginStory(market.symbol, "sell"),
          stage: () => local.stageOf(market.symbol),
          lastsMs: STORY_BLOCKS * SLOT_MS,
        },
        onResume: () => expect.unreachable("nothing was there before"),
        onEvent: ({ name }) => {
          if (name !== "position_opened" && name !== "stop_loss_triggered") return;
          kills += 1;
          restarted = restarted.then(killAndRestart);
        },
      });
      await restarted;
      expect(kills).toBe(2);
      expect(story.position).toMatchObject({ status: "closed", closeReason: "trailing_stop", quantity: "0" });
      expect(story.differences).toEqual([]);
      expect(story.events).toMatchObject({ stop_loss_triggered: 1, position_closed: 1, trade_confirmed: 2 });
    } finally {
      await local.stop();
    }
  });
});
