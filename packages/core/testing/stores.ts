import { accountStore } from "../src/account/account.store.ts";
import type { Database } from "../src/db/client.ts";
import { outboxStore } from "../src/event/outbox.store.ts";
import { marketStore } from "../src/market/market.store.ts";
import { positionStore } from "../src/position/position.store.ts";
import { reconcileStore } from "../src/reconcile/reconcile.store.ts";
import { shortageStore } from "../src/reconcile/shortage.store.ts";
import { stopStore } from "../src/stop/stop.store.ts";
import { attemptStore } from "../src/trade/attempt.store.ts";
import { exitStore } from "../src/trade/exit.store.ts";
import { fillStore } from "../src/trade/fill.store.ts";
import { tradeStore } from "../src/trade/trade.store.ts";
import { turnStore } from "../src/trade/turn.store.ts";
import { destinationStore } from "../src/transfer/destination.store.ts";
import { transferStore } from "../src/transfer/transfer.store.ts";
import type { Stores } from "./stores.given.ts";

/** The stores that are deployed, over one database. */
export const storesOver = (db: Database): Stores => ({
  accounts: accountStore(db),
  markets: marketStore(db),
  trades: tradeStore(db),
  attempts: attemptStore(db),
  turns: turnStore(db),
  exits: exitStore(db),
  fills: fillStore(db),
  positions: positionStore(db),
  stops: stopStore(db),
  shortages: shortageStore(db),
  looks: reconcileStore(db),
  outbox: outboxStore(db),
  transfers: transferStore(db),
  destinations: destinationStore(db),
});
