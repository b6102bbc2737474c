/**
 * A soak: many positions at the same time, in bad weather, and the books when all is over.
 *
 * Invariants: whatever happens, it ends within a stated time; the books are checked when nothing is on its way any more, or when
 * that has taken too long.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { type TradeRecord, tradeStore } from "@backstop/core/trade/trade.store";
import { clock } from "../../../../functions/system.ts";
import { apiAt } from "../api.ts";
import { type Audit, allTrades, auditOf } from "../audit.ts";
import { boot, type LocalRun } from "../boot.ts";
import { randomFrom } from "../chain/random.ts";
import { Caller } from "./caller.ts";
import { Crowd } from "./crowd.ts";
import { Kills } from "./kills.ts";
import { live, planLife } from "./life.ts";
import { Looks } from "./looks.ts";
import type { SoakOptions } from "./options.ts";
import { settled } from "./settled.ts";
import { Swings } from "./swings.ts";
import { raise } from "./weather.ts";

/** A blockhash's life of 150 blocks is 7.5 s then, and finality 1.6 s. */
const SLOT_MS = 50;

/** As often in a second as with blocks of 400 ms. */
const MARKET_EVERY_BLOCKS = 8;

/** The least that is allowed: a stop is seen within it. */
const TICK_SECONDS = 0.5;

/** The most that is allowed: what bounds the positions in flight is how many callers there are. */
const SEATS = { BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL: "100" };

/** Several trades a second on this project's smallest machine, when it has nothing else to do: ten times as long is enough. */
const TRADE_MS_MAX = 3_000;

/** A single position, in the worst weather that lets it through at all. */
const FIRST_MS_MAX = 120_000;

/** The weather lasts until that part of the trades is over. The others arrive in the calm. */
const IN_WEATHER = 0.8;

/** In the calm: an exit's pause is a minute at most, and its message may be hidden for 25 s twice. */
const PATIENCE_MS = 180_000;

const LOOK_MS = 250;
const TELL_MS = 5_000;

export interface Soaked {
  readonly records: readonly TradeRecord[];
  /** Positions that are not over. */
  readonly stuckPositions: readonly number[];
  readonly audit: Audit;
  /** How often which refusal of the API came. */
  readonly refusals: Readonly<Record<string, number>>;
  /** How often which fault befell something. */
  readonly faults: Readonly<Record<string, number>>;
}

/** @throws Error when the local run does not start, or the API answers what makes no sense. */
export async function soak(options: SoakOptions, say: (text: string) => void): Promise<Soaked> {
  const local = await boot({
    seed: options.seed,
    port: 0,
    tickSeconds: TICK_SECONDS,
    slotMs: SLOT_MS,
    marketEveryBlocks: MARKET_EVERY_BLOCKS,
    logs: "soak",
    variables: SEATS,
  });
  try {
    const value = (name: string) => local.environment[name] ?? "";
    const caller = new Caller(() => apiAt(local.url, value("BACKSTOP_API_KEY")));
    const faults = await trade(local, options, caller, say);
    const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
    const stuckPositions = await settled(db, caller);
    const trades = tradeStore(db);
    const outbox = outboxStore(db);
    const rpc = solanaRpc([value("BACKSTOP_JUPITER_RPC_ENDPOINT")], clock);
    const wallet = value("BACKSTOP_LOCAL_WALLET");
    const records = await allTrades({ db, trades });
    const audit = await auditOf({ db, trades, outbox, rpc, wallet }, records);
    return { records, stuckPositions, audit, refusals: caller.refusals, faults };
  } finally {
    await local.stop();
  }
}

/** All the trades, in the weather and then in the calm, until they are over or have taken too long. Answers with what befell. */
async function trade(
  local: LocalRun,
  { trades, faults, seed }: SoakOptions,
  caller: Caller,
  say: (text: string) => void,
): Promise<Soaked["faults"]> {
  const [closing, ending] = [new AbortController(), new AbortController()];
  const until = ending.signal;
  const began = performance.now();
  const tell = (text: string) => say(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}`);
  const wait = (milliseconds: number) => sleep(milliseconds, undefined, { signal: until }).catch(() => undefined);

  const looks = new Looks(caller);
  const swings = new Swings(local.faults);
  const kills = new Kills(local, faults === 0 ? 0 : trades);
  const random = randomFrom(`${seed}/soak`);
  const lead = (number: number) => live({ caller, looks, until }, planLife(random, swings), `soak-${number}`);
  const crowd = new Crowd({ trades, lead, until: closing.signal });

  const telling = async () => {
    for (; !until.aborted; await wait(TELL_MS))
      tell(`${crowd.over} of ${trades} trades are over, ${crowd.inFlight} positions in flight`);
  };
  const mostAreOver = async () => {
    while (crowd.over < trades * IN_WEATHER && !until.aborted) await wait(LOOK_MS);
  };

  const weather = await raise(local.faults, faults);
  const gathered = crowd.gather();
  const around = Promise.all([
    looks.look(until),
    swings.swing(until),
    kills.kill(() => crowd.over, tell, until),
    telling(),
  ]);
  // They go on until they are called off: before that they can only fail.
  const failing = around.then(() => new Promise<never>(() => undefined));
  try {
    await Promise.race([gathered, mostAreOver(), wait(FIRST_MS_MAX + trades * TRADE_MS_MAX), failing]);
    closing.abort();
    const befell = await weather.calm();
    tell("calm");
    await Promise.race([gathered, wait(PATIENCE_MS), failing]);
    return { ...befell, ...(kills.done > 0 && { "engine killed": kills.done }) };
  } finally {
    ending.abort();
    await Promise.allSettled([gathered, around]);
  }
}
