/** The stores on PGlite, through Neon's own protocol and its own client. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { accountStore } from "@backstop/core/account/account.store";
import { connect } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { marketStore } from "@backstop/core/market/market.store";
import { positionStore } from "@backstop/core/position/position.store";
import { stopStore } from "@backstop/core/stop/stop.store";
import { storesContract } from "@backstop/core/testing/stores.contract";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { fillStore } from "@backstop/core/trade/fill.store";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { afterAll } from "vitest";
import { clock } from "../../../../functions/system.ts";
import { openDatabase } from "./database.ts";
import { startNeon } from "./neon.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

storesContract("on PGlite", async () => {
  const pglite = await openDatabase({
    migrations: fileURLToPath(new URL("../../../../drizzle", import.meta.url)),
    cache: mkdtempSync(`${tmpdir()}/backstop-`),
  });
  const neon = await startNeon({ pglite });
  closing.push(() => pglite.close(), neon.close);
  const db = connect({ url: neon.url, fetchEndpoint: neon.fetchEndpoint }, clock);
  return {
    accounts: accountStore(db),
    markets: marketStore(db),
    trades: tradeStore(db),
    attempts: attemptStore(db),
    fills: fillStore(db),
    positions: positionStore(db),
    stops: stopStore(db),
    outbox: outboxStore(db),
  };
});
