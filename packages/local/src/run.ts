/** The whole engine on this machine, and the promise kept once. */
import { connect } from "@backstop/core/db/client";
import { outboxStore } from "@backstop/core/event/outbox.store";
import { MARKET_SEED } from "@backstop/core/market/market";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { clock } from "../../../functions/system.ts";
import { apiAt } from "./api.ts";
import { boot, type LocalRun } from "./boot.ts";
import type { Options } from "./options.ts";
import { conclude, report, succeeded, tryOut } from "./report.ts";
import { type Story, tellStory } from "./story.ts";
import { line, tell } from "./timeline.ts";

/** A story of half a minute is worth watching closely. */
const TICK_SECONDS = 0.5;

/** What a shell answers for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Boots, tells the story, and stays up unless `--once`; answers with the exit code. */
export async function run(options: Options): Promise<number> {
  // With --json standard output belongs to the object.
  const say = (text: string) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve("interrupted"));
  });
  const began = performance.now();
  const booting = boot({ ...options, tickSeconds: TICK_SECONDS });
  try {
    const booted = await Promise.race([booting, interrupted]);
    if (booted === "interrupted") return INTERRUPTED;
    const { environment, url } = booted;
    const bootMs = Math.round(performance.now() - began);
    say(`Backstop is up after ${(bootMs / 1000).toFixed(1)} s: ${url} (logs in .backstop/)\n`);

    const story = await Promise.race([play(booted, say), interrupted]);
    if (story === "interrupted") return INTERRUPTED;
    conclude(story, say);
    if (options.json) process.stdout.write(`${JSON.stringify(report(story, bootMs))}\n`);
    if (options.once) return succeeded(story) ? 0 : 1;
    say(tryOut(url, environment["BACKSTOP_API_KEY"] ?? ""));
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

async function play(local: LocalRun, say: (text: string) => void): Promise<Story> {
  const value = (name: string) => local.environment[name] ?? "";
  const [market] = MARKET_SEED;
  if (!market) throw new Error("markets.json is empty");
  const db = connect({ url: value("DATABASE_URL"), fetchEndpoint: value("DATABASE_FETCH_ENDPOINT") }, clock);
  const began = performance.now();
  return tellStory({
    api: apiAt(local.url, value("BACKSTOP_API_KEY")),
    outbox: outboxStore(db),
    trades: tradeStore(db),
    rpc: solanaRpc(value("BACKSTOP_JUPITER_RPC_ENDPOINT"), clock),
    wallet: Keypair.fromSecretKey(bs58.decode(value("WALLET_SECRET_KEY"))).publicKey.toBase58(),
    market,
    beginMarket: () => local.beginStory(market.symbol),
    onEvent: (event) => say(line(performance.now() - began, tell(event, market))),
  });
}
