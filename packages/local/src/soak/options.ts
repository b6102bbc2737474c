/** The command line of a soak. */
import { parseCommandLine, wholeNumber } from "@backstop/core/testing/command-line";

export interface SoakOptions {
  /** At least so many: an entry is one, and each exit of it another. */
  readonly trades: number;
  /** The part of the calls to Jupiter and the RPC, and of the transactions, that something befalls. */
  readonly faults: number;
  /** Picks the markets, the trades and the dice. */
  readonly seed: string;
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
}

/** Some hours at a few trades a second. */
const TRADES_MAX = 20_000;

export const USAGE = `npm run soak -- [--trades N] [--faults P] [--seed N] [--json]

The whole engine on this machine, in bad weather: positions of both sides in all markets are opened through the API and closed
by stops and by people, while calls fail, transactions get lost and the engine is killed. Then all is calm, and when everything
is final the books are checked. Blocks take 50 ms, so that what takes a minute outside takes seconds.

  --trades N  at least so many, from 1 to ${TRADES_MAX}: an entry is one, and each exit of it another (default 500)
  --faults P  the part of the calls to Jupiter and the RPC, and of the transactions, that something befalls, from 0 to 1;
              a tenth of it for Postgres, Redis, queues, invocations and the bus (default 0.2). Unless it is 0 the engine
              is killed, too
  --seed N    pick the markets, the trades and the dice, a whole number (default 1)
  --json      print one JSON object on standard output and nothing else there (npm run -s soak -- --json)
  --help      this

It ends with 0 only if so many trades were made, none moved the wallet twice, none is stuck, and the ledger equals the chain.`;

/** @throws Error with one clear line. */
export function parseSoakOptions(args: readonly string[]): SoakOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  return {
    trades: Number(wholeNumber("trades", values.trades ?? "500", 1, TRADES_MAX)),
    faults: part("faults", values.faults ?? "0.2"),
    seed: wholeNumber("seed", values.seed ?? "1", 0, Number.MAX_SAFE_INTEGER),
    json: values.json ?? false,
  };
}

const parse = (args: readonly string[]) =>
  parseCommandLine(
    args,
    {
      trades: { type: "string" },
      faults: { type: "string" },
      seed: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
    "npm run soak --",
  );

function part(name: string, text: string): number {
  if (!/^\d(\.\d{1,15})?$/.test(text) || Number(text) > 1) {
    throw new Error(`--${name} takes a number from 0 to 1 such as 0.2, not "${text}"`);
  }
  return Number(text);
}
