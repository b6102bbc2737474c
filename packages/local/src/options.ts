/** The command line of a local run. */
import { parseCommandLine, wholeNumber } from "@backstop/core/testing/command-line";
import type { Side } from "@backstop/core/market/market";
import { LISTINGS } from "./listings.ts";

export interface Options {
  /** End after the story. */
  readonly once: boolean;
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
  /** Picks the market: the same seed, the same prices. */
  readonly seed: string;
  /** Of the API; 0: a free one. */
  readonly port: number;
  readonly symbol: string;
  readonly trade: StoryTrade;
  /** A file of candles for the market to follow; null: it makes up a story of its own. */
  readonly prices: string | null;
  /** Of the file's time against the clock. */
  readonly speed: number;
  /** A directory to keep the state in; null: nothing is kept. */
  readonly data: string | null;
}

/** As the API takes it. */
export interface StoryTrade {
  readonly side: Side;
  readonly size: string;
  readonly stop:
    | { readonly kind: "trailing"; readonly distance: string }
    | { readonly kind: "fixed"; readonly price: string };
}

const SYMBOLS = LISTINGS.map(({ symbol }) => symbol);

export const USAGE = `npm start -- [--once] [--json] [--symbol S] [--side buy|sell] [--size N] [--trailing D | --stop P]
             [--prices FILE [--speed X] | --seed N] [--data DIR] [--port N]

The story: a position is opened, its stop follows the market, the market turns, the stop closes the position.

  --once         end after the story: 0 if the position was opened and closed by its stop and the ledger equals the chain
  --json         print one JSON object on standard output and nothing else there (npm start -s -- --json)

  --symbol S     the market: ${SYMBOLS.join(", ")} (default ${SYMBOLS[0]})
  --side SIDE    buy, or sell: inventory sold to be bought back (default buy)
  --size N       in the quote currency (default 100)
  --trailing D   how far the stop trails the market, as a fraction of the price (default 0.03)
  --stop P       a stop fixed at that price instead

  --prices FILE  let the market follow 1-minute candles, a CSV file with the header time,open,high,low,close,volume, time
                 in unix seconds. It stands at the first open until the position is open; when the prices are used up
                 and the stop was not hit, the story ends (--once: with 1) and the position stays open
  --speed X      seconds of the file in a second, above 0 (default 60)
  --seed N       pick the market and the wallet, a whole number: the same seed, the same prices (default 1)

  --data DIR     keep Postgres and the chain there, whatever ends the run; the next one with the same DIR goes on from it,
                 with a position of that market and side that is still open if there is one
  --port N       of the API (default: a free one)
  --help         this`;

/** @throws Error with one clear line. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const { symbol = SYMBOLS[0] ?? "", side = "buy", prices = null, data = null } = values;
  if (!SYMBOLS.includes(symbol)) throw new Error(`--symbol takes one of ${SYMBOLS.join(", ")}, not "${symbol}"`);
  if (side !== "buy" && side !== "sell") throw new Error(`--side takes buy or sell, not "${side}"`);
  if (values.speed !== undefined && prices === null) throw new Error("--speed is of the file of --prices: name one");
  if (values.stop !== undefined && values.trailing !== undefined) {
    throw new Error("--stop and --trailing are two kinds of stop: name one of them");
  }
  return {
    once: values.once ?? false,
    json: values.json ?? false,
    seed: wholeNumber("seed", values.seed ?? "1", 0, Number.MAX_SAFE_INTEGER),
    port: Number(wholeNumber("port", values.port ?? "0", 0, 65_535)),
    symbol,
    trade: {
      side,
      size: decimal("size", values.size ?? "100"),
      stop:
        values.stop === undefined
          ? { kind: "trailing", distance: decimal("trailing", values.trailing ?? "0.03") }
          : { kind: "fixed", price: decimal("stop", values.stop) },
    },
    prices,
    speed: Number(decimal("speed", values.speed ?? "60")),
    data,
  };
}

const parse = (args: readonly string[]) =>
  parseCommandLine(
    args,
    {
      once: { type: "boolean" },
      json: { type: "boolean" },
      seed: { type: "string" },
      port: { type: "string" },
      symbol: { type: "string" },
      side: { type: "string" },
      size: { type: "string" },
      trailing: { type: "string" },
      stop: { type: "string" },
      prices: { type: "string" },
      speed: { type: "string" },
      data: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
    "npm start --",
  );

/** As the API takes decimals; how large or how far it may be is the engine's to say. */
function decimal(name: string, text: string): string {
  if (!/^\d{1,15}(\.\d{1,15})?$/.test(text) || Number(text) === 0) {
    throw new Error(`--${name} takes a decimal number above zero such as 100 or 0.25, not "${text}"`);
  }
  return text;
}
