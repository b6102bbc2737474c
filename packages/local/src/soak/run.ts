/**
 * A soak: many positions at the same time, in bad weather, and the books when all is over.
 *
 * Invariants: no more than a stated number are in flight; whatever happens, it ends within a stated time; the books are checked
 * when nothing is in flight, or when it has taken too long for anything still to be on its way.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Database } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { type TradeRecord, tradeStore } from "@backstop/core/trade/trade.store";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { sql } from "drizzle-orm";
import { clock } from "../../../../functions/system.ts";
import { apiAt } from "../api.ts";
import { type Audit, allTrades, auditOf } from "../audit.ts";
import { boot, type LocalRun } from "../boot.ts";
import { randomFrom } from "../chain/random.ts";
import { Caller } from "./caller.ts";
import { live, planLife, TRADES_AT_LEAST } from "./life.ts";
import { Looks } from "./looks.ts";
import type { SoakOptions } from "./options.ts";
import { Swings } from "./swings.ts";
import { raise } from "./weather.ts";

/** A blockhash's life of 150 blocks is 7.5 s then, and finality 1.6 s. */
const SLOT_MS = 50;

/** As often in a second as with blocks of 400 ms. */
const MARKET_EVERY_BLOCKS = 8;

/** The least that is allowed: a stop is seen within it. */
const TICK_SECONDS = 0.5;

/** Positions in flight. More do not go faster: the services are one process, and the database has one backend. */
const SEATS = 80;

/** One `kill -9` for so many trades: what the engine was at is hidden in its queues for 25 s. */
const TRADES_PER_KILL = 125;

/** A minute of trades that are not over takes an eighth of it on this project's smallest machine. */
const TRADE_MS = 2_000;
const FIRST_TRADES_MS = 60_000;

/** The weather lasts until that part of the trades is over. The others arrive in the calm: an exit's pauses are up to a minute. */
const IN_WEATHER = 0.9;

/** Between two first positions: all at once they would wait for each other and not for the weather. */
const SEAT_EVERY_MS = 100;

/** An exit's pause is a minute at most, and its message may be hidden for 25 s twice. */
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
    // The most that is allowed, so that it is us who bound what is in flight.
    variables: { BACKSTOP_POSITION_MAX_POSITIONS_PER_SYMBOL: "100" },
  });
  try {
    return await soakIn(local, options, say);
  } finally {
    await local.stop();
  }
}

async function soakIn(local: LocalRun, options: SoakOptions, say: (text: string) => void): Promise<Soaked> {
  const value = (name: string) => local.environment[name] ?? "";
  const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
  const trades = tradeStore(db);
  const rpc = solanaRpc([value("BACKSTOP_JUPITER_RPC_ENDPOINT")], clock);
  const wallet = Keypair.fromSecretKey(bs58.decode(value("WALLET_SECRET_KEY"))).publicKey.toBase58();
  const caller = new Caller(() => apiAt(local.url, value("BACKSTOP_API_KEY")));

  const { faults, kills } = await crowd(local, options, caller, say);
  await closeLeft(db, caller);
  const stuckPositions = await settled(db);
  const records = await allTrades({ db, trades });
  return {
    records,
    stuckPositions,
    audit: await auditOf({ db, trades, outbox: outboxStore(db), rpc, wallet }, records),
    refusals: caller.refusals,
    faults: { ...faults, ...(kills > 0 && { "engine killed": kills }) },
  };
}

/** Everything that is begun, until it is over or has taken too long. */
async function crowd(local: LocalRun, options: SoakOptions, caller: Caller, say: (text: string) => void) {
  const ended = new AbortController();
  const looks = new Looks(caller);
  const swings = new Swings(local.faults);
  const random = randomFrom(`${options.seed}/soak`);
  const until = ended.signal;
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(0).padStart(4);
  const progress = { reserved: 0, over: 0, lives: 0, inFlight: 0, kills: 0 };

  const rest = (milliseconds: number) => sleep(milliseconds, undefined, { signal: until }).catch(() => undefined);

  const isTime = () => performance.now() - began < FIRST_TRADES_MS + options.trades * TRADE_MS;

  async function seat(index: number): Promise<void> {
    await rest(index * SEAT_EVERY_MS);
    while (progress.reserved < options.trades && isTime()) {
      progress.reserved += TRADES_AT_LEAST;
      progress.inFlight += 1;
      progress.lives += 1;
      const isTraded = await live({ caller, looks, until }, planLife(random, swings), `soak-${progress.lives}`);
      progress.inFlight -= 1;
      if (isTraded) progress.over += TRADES_AT_LEAST;
      else progress.reserved -= TRADES_AT_LEAST;
    }
  }

  async function killing(): Promise<void> {
    const kills = options.faults === 0 ? 0 : Math.ceil(options.trades / TRADES_PER_KILL);
    while (progress.kills < kills && !until.aborted) {
      if (progress.over >= (options.trades * (progress.kills + 1)) / (kills + 1)) {
        await local.killEngine();
        await local.startEngine();
        progress.kills += 1;
        say(`${seconds()} s  the engine was killed and is back`);
      }
      await sleep(LOOK_MS);
    }
  }

  async function telling(): Promise<void> {
    while (!until.aborted) {
      say(
        `${seconds()} s  ${progress.over} of ${options.trades} trades are over, ${progress.inFlight} positions in flight`,
      );
      await rest(TELL_MS);
    }
  }

  const weather = await raise(local.faults, options.faults);
  const background = Promise.all([looks.look(until), swings.swing(until), telling(), killing()]);
  const seats = Promise.all(Array.from({ length: SEATS }, (_, index) => seat(index)));
  const weathered = (async () => {
    while (progress.over < options.trades * IN_WEATHER && isTime() && !until.aborted) await rest(LOOK_MS);
  })();
  await Promise.race([weathered, seats, background]);
  const faults = await weather.calm();
  say(`${seconds()} s  calm`);
  await Promise.race([seats, rest(PATIENCE_MS), background]);
  ended.abort();
  await Promise.all([seats, background]);
  return { faults, kills: progress.kills };
}

/** What nobody knows of: its request was answered to nobody. */
async function closeLeft(db: Database, caller: Caller): Promise<void> {
  for (const positionId of await livePositions(db, "open")) {
    await caller.ask((api) => api.close(positionId, undefined, `soak-left-${positionId}`));
  }
}

/** Waits until nothing is on its way any more; answers with the positions that are not over. */
async function settled(db: Database): Promise<readonly number[]> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const positions = await livePositions(db, "opening", "open", "closing");
    const { rows: flying } = await db.execute(
      sql`select from attempt where status in ('drafted', 'live', 'landed') limit 1`,
    );
    if ((positions.length === 0 && flying.length === 0) || performance.now() > end) return positions;
    await sleep(LOOK_MS);
  }
}

async function livePositions(db: Database, ...statuses: readonly string[]): Promise<readonly number[]> {
  const { rows } = await db.execute<{ id: number }>(
    sql`select position_id as id from position where status in ${statuses} order by position_id`,
  );
  return rows.map(({ id }) => id);
}
