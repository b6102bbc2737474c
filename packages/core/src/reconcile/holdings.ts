/**
 * Does each wallet hold what its books say?
 *
 * Invariants:
 * - nothing is judged while something that moves the mint is unfinished, nor from a node that has not seen the last fill, nor
 *   when the books changed while the wallet was asked, and never from `confirmed`;
 * - what is short is written off only when other people's transactions took as much since the books last agreed, and nothing
 *   of it has been written off before; without that no entry in the mint is planned, and stops stay armed;
 * - a look that is needed is queued before anything is recorded, and who has queued one does not fail: messages that failed
 *   and had a successor would multiply.
 */
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import { alarmRaised } from "../event/alarm.ts";
import type { NewEvent } from "../event/event.ts";
import type { Log } from "../log.ts";
import { type Market, marketOf } from "../market/market.ts";
import { add } from "../money/amount.ts";
import { held, transition } from "../position/position.ts";
import type { Queues } from "../queue/queue.ts";
import type { Rpc } from "../solana/rpc.ts";
import { positionClosed, positionUpdated } from "../trade/events.ts";
import { type ForeignDeps, type Outflow, takenByOthers } from "./foreign.ts";
import type { Holding, ReconcileStore } from "./reconcile.store.ts";
import type { Look, ShortageStore } from "./shortage.store.ts";
import { type Books, expectedOf, isUnmoved, judge, type Part, partsOf, type Sighting } from "./shortage.ts";

export interface HoldingsDeps extends ForeignDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly markets: readonly Market[];
  readonly looks: Pick<ReconcileStore, "holdings">;
  readonly shortages: ShortageStore;
  readonly rpc: ForeignDeps["rpc"] & Pick<Rpc, "finalized" | "tokens">;
  readonly queues: Queues;
}

/** Later than a finalization, and than most attempts that are in the way of a look. */
const LOOK_AGAIN_SECONDS = 30;

/** Of one run; the others come first at the next one. */
const HOLDINGS_MAX = 100;

/** All that live positions hold; what is wrong with one keeps nobody from the others. */
export async function checkHoldings(deps: HoldingsDeps): Promise<void> {
  for (const holding of await deps.looks.holdings(HOLDINGS_MAX)) {
    try {
      await checkHolding(deps, holding);
    } catch (error) {
      deps.log.error("holding_not_checked", error, { accountId: holding.account.accountId, mint: holding.mint });
    }
  }
}

/** @throws when a question was not answered. */
export async function checkHolding(deps: HoldingsDeps, { account, mint }: Holding): Promise<void> {
  const { shortages, rpc, clock } = deps;
  const { accountId, wallet } = account;
  const last = await shortages.sighting(accountId, mint);
  const books = await shortages.books(accountId, mint);
  if (books.lots.length === 0 && !isOpen(last)) return;
  if (books.unfinished) return isSighted(last) ? lookAgain(deps, books) : undefined;

  const finalized = await rpc.finalized();
  const slot = finalized.slot > books.lastFillSlot ? finalized.slot : books.lastFillSlot;
  const balance = await rpc.tokens(wallet, mint, "finalized", slot);
  const after = await shortages.books(accountId, mint);
  if (!isUnmoved(books, after)) return isSighted(last) ? lookAgain(deps, after) : undefined;

  const look = { accountId, mint, slot, at: clock.now() };
  const judgement = judge(expectedOf(books), balance, slot, last);
  switch (judgement.type) {
    case "agrees":
      if (await shortages.agree(look)) lifted(deps, look, last);
      return;
    case "early":
      return lookAgain(deps, books);
    case "sighted":
      deps.log.info("shortage_sighted", { accountId, mint, amount: String(judgement.amount), slot: String(slot) });
      return follow(deps, books, () => shortages.sight(look, judgement.amount));
    case "short":
      return settle(deps, account, look, books, judgement.last, expectedOf(books) - balance);
    default:
      return judgement satisfies never;
  }
}

/** Whether there is something to find over. */
const isOpen = (last: Sighting | null): boolean => last !== null && (last.amount > 0n || last.frozenAt !== null);

/** Whether there is something to see again soon; what is frozen has been seen, and waits for the schedule. */
const isSighted = (last: Sighting | null): boolean => last !== null && last.amount > 0n && last.frozenAt === null;

function lifted({ log }: HoldingsDeps, { accountId, mint, slot }: Look, last: Sighting | null): void {
  if (isOpen(last)) log.info("shortage_over", { accountId, mint, slot: String(slot) });
}

/** It is short for sure: of `shortage`, what the last sighting saw was seen twice. */
async function settle(
  deps: HoldingsDeps,
  { wallet }: Account,
  look: Look,
  books: Books,
  last: Sighting,
  shortage: bigint,
): Promise<void> {
  // A lot that is over may have been sold out of this one, after others took it: what they took goes back to the first fill.
  const since = last.agreedSlot ?? books.firstFillSlot - 1n;
  let outflow: Outflow | null;
  try {
    outflow = await takenByOthers(deps, wallet, look.mint, since);
  } catch (error) {
    // Whether it can be explained is unknown, and that it is short is not.
    await freeze(deps, look, books, last, shortage, null);
    throw error;
  }
  if (outflow === null || outflow.amount < shortage + last.writtenOff) {
    return freeze(deps, look, books, last, shortage, outflow);
  }
  const explained = outflow;
  await follow(deps, books, () => writeOff(deps, look, partsOf(books.lots, last.amount), explained));
}

/** Lot by lot; where one is not as it was seen the rest is for the next look. */
async function writeOff(deps: HoldingsDeps, look: Look, parts: readonly Part[], outflow: Outflow): Promise<void> {
  const { accountId, mint, at } = look;
  for (const part of parts) {
    const { positionId } = part.lot.position;
    const events = eventsOf(deps, part, outflow, at);
    const gone = await deps.shortages.writeOff({ ...part, accountId, mint, events, at });
    deps.log.info(gone ? "lot_written_off" : "lot_changed", { positionId, amount: String(part.amount) });
    if (!gone) return;
  }
}

function eventsOf({ markets }: HoldingsDeps, { lot, amount }: Part, outflow: Outflow, at: Date): readonly NewEvent[] {
  const { position } = lot;
  const totals = { ...position.totals, missing: add(position.totals.missing, amount) };
  const ref = { ...position, tradeId: null };
  const told = `${amount} of ${held(position.totals)} base units were taken by ${namesOf(outflow)}`;
  if (held(totals) > 0n) {
    return [positionUpdated(position, totals, position.status), alarmRaised(ref, "REDUCED_EXTERNALLY", told)];
  }
  const closed = transition({ ...position, totals }, { type: "finish", at, reason: "closed_externally" });
  return [
    positionClosed(closed, "closed_externally", marketOf(markets, position.symbol)),
    alarmRaised(ref, "CLOSED_EXTERNALLY", told),
  ];
}

/** The newest ones: who looks for the rest finds it beside them. */
const NAMED_MAX = 3;

const namesOf = ({ signatures }: Outflow): string =>
  signatures.length > NAMED_MAX
    ? `${signatures.slice(0, NAMED_MAX).join(", ")} and ${signatures.length - NAMED_MAX} more`
    : signatures.join(", ");

async function freeze(
  deps: HoldingsDeps,
  look: Look,
  { lots: [newest] }: Books,
  sighting: Sighting,
  shortage: bigint,
  outflow: Outflow | null,
): Promise<void> {
  if (!newest || sighting.frozenAt !== null) return;
  const { position } = newest;
  const explained = outflow === null ? "its history cannot be read" : `others took ${outflow.amount}`;
  const told = `the wallet is ${shortage} base units of ${look.mint} below its books, and ${explained}: no entry in it is planned`;
  const events = [alarmRaised({ ...position, tradeId: null }, "MINT_FROZEN", told)];
  if (await deps.shortages.freeze({ ...look, sighting, positionId: position.positionId, events })) {
    deps.log.info("mint_frozen", { accountId: look.accountId, mint: look.mint, shortage: String(shortage) });
  }
}

/** Queues the next look before the work that needs one; what goes wrong then is its business. */
async function follow(deps: HoldingsDeps, books: Books, work: () => Promise<unknown>): Promise<void> {
  await lookAgain(deps, books);
  try {
    await work();
  } catch (error) {
    deps.log.error("shortage_not_recorded", error);
  }
}

/** By the name of a trade of the account that moved the mint: what was entered by it is held. */
async function lookAgain({ queues }: HoldingsDeps, { lots: [newest] }: Books): Promise<void> {
  if (newest) await queues.send("reconcile", newest.entryTradeId, LOOK_AGAIN_SECONDS);
}
