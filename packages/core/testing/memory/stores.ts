/**
 * The stores of the deployment over tables in memory: the same operations with the same outcomes, for what runs the production
 * code many times faster than a database answers.
 *
 * Invariants:
 * - every operation does all of its work before its first await, so that it is one statement: nothing comes in between;
 * - what is answered is a copy of the rows of that moment;
 * - the same contracts hold these and the SQL ones, and the same random operations give the same rows.
 */
import type { Stores } from "../stores.given.ts";
import { accountsIn } from "./account.memory.ts";
import { attemptsIn } from "./attempt.memory.ts";
import type { MemoryDatabase } from "./database.ts";
import { exitsIn } from "./exit.memory.ts";
import { fillsIn } from "./fill.memory.ts";
import { marketsIn } from "./market.memory.ts";
import { outboxIn } from "./outbox.memory.ts";
import { positionsIn } from "./position.memory.ts";
import { looksIn } from "./reconcile.memory.ts";
import { shortagesIn } from "./shortage.memory.ts";
import { stopsIn } from "./stop.memory.ts";
import { tradesIn } from "./trade.memory.ts";
import { destinationsIn, transfersIn } from "./transfer.memory.ts";
import { turnsIn } from "./turn.memory.ts";

export const memoryStores = (db: MemoryDatabase): Stores => ({
  accounts: accountsIn(db),
  markets: marketsIn(db),
  trades: tradesIn(db),
  attempts: attemptsIn(db),
  turns: turnsIn(db),
  exits: exitsIn(db),
  fills: fillsIn(db),
  positions: positionsIn(db),
  stops: stopsIn(db),
  shortages: shortagesIn(db),
  looks: looksIn(db),
  outbox: outboxIn(db),
  transfers: transfersIn(db),
  destinations: destinationsIn(db),
});
