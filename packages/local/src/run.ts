/** The whole engine on this machine, and the promise kept once. */
import { connect } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { MARKET_SEED } from "@backstop/core/market/market";
import type { PositionView } from "@backstop/core/position/view";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { clock } from "../../../functions/system.ts";
import { apiAt } from "./api.ts";
import { boot, type LocalRun } from "./boot.ts";
import { readCandles } from "./candles.ts";
import { SLOT_MS } from "./chain/chain.ts";
import { openDataDirectory } from "./data-directory.ts";
import { FUNDS } from "./funds.ts";
import type { Options } from "./options.ts";
import { conclude, report, succeeded, tryOut } from "./report.ts";
import { type Story, tellStory } from "./story.ts";
import { line, tell } from "./timeline.ts";
import { STORY_BLOCKS } from "./venue/market.ts";
import { secondsOf } from "./walk.ts";

/** A story of half a minute is worth watching closely. */
const TICK_SECONDS = 0.5;

/** What a shell answers for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Boots, tells the story, and stays up unless `--once`; answers with the exit code.
 *
 * @throws Error with one line, before anything is booted, when the prices or the data directory cannot be used.
 */
export async function run(options: Options): Promise<number> {
  const { seed, port, symbol, speed } = options;
  const file = options.prices;
  const candles = file === null ? undefined : readCandles(file);
  const data = options.data === null ? undefined : await openDataDirectory(options.data, seed);
  // With --json standard output belongs to the object.
  const say = (text: string) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve("interrupted"));
  });
  const began = performance.now();
  const recorded = file === null ? undefined : { symbol, file, speed };
  const booting = boot({ seed, port, recorded, data, tickSeconds: TICK_SECONDS });
  try {
    const booted = await Promise.race([booting, interrupted]);
    if (booted === "interrupted") return INTERRUPTED;
    const { environment, url } = booted;
    const bootMs = Math.round(performance.now() - began);
    say(`Backstop is up after ${(bootMs / 1000).toFixed(1)} s: ${url} (logs in .backstop/)\n`);

    const lastsMs = candles ? (secondsOf(candles) / speed) * 1000 : STORY_BLOCKS * SLOT_MS;
    const story = await Promise.race([play(booted, options, lastsMs, say), interrupted]);
    if (story === "interrupted") return INTERRUPTED;
    conclude(story, say);
    if (options.json) process.stdout.write(`${JSON.stringify(report(story, bootMs))}\n`);
    if (options.once) return succeeded(story) ? 0 : 1;
    const { BACKSTOP_API_KEY: key = "", BACKSTOP_LOCAL_CONTROL_URL: controlUrl = "" } = environment;
    say(tryOut(url, controlUrl, key, symbol, options.trade));
    await interrupted;
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)} (see .backstop/*.log)\n`);
    return 1;
  } finally {
    await booting.then(
      (local) => local.stop(),
      () => undefined,
    );
  }
}

async function play(
  local: LocalRun,
  { symbol, trade }: Options,
  lastsMs: number,
  say: (text: string) => void,
): Promise<Story> {
  const value = (name: string) => local.environment[name] ?? "";
  const market = MARKET_SEED.find((each) => each.symbol === symbol);
  if (!market) throw new Error(`markets.json has no ${symbol}`);
  const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
  const began = performance.now();
  const tellNow = (text: string) => say(line(performance.now() - began, text));
  return tellStory({
    api: apiAt(local.url, value("BACKSTOP_API_KEY")),
    outbox: outboxStore(db),
    trades: tradeStore(db),
    rpc: solanaRpc([value("BACKSTOP_JUPITER_RPC_ENDPOINT")], clock),
    wallet: value("BACKSTOP_LOCAL_WALLET"),
    funds: FUNDS,
    symbol,
    trade,
    market: {
      begin: () => local.beginStory(symbol, trade.side),
      stage: () => local.stageOf(symbol),
      lastsMs,
    },
    onEvent: (event) => tellNow(tell(event, market, trade.side)),
    onResume: ({ positionId, status }: PositionView) =>
      tellNow(`position ${positionId} is ${status} from an earlier run: the story goes on with it`),
  });
}
