/** The command line of a local run. */
import { parseArgs } from "node:util";

export interface Options {
  /** End after the story. */
  readonly once: boolean;
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
  /** Picks the market: the same seed, the same prices. */
  readonly seed: string;
  /** Of the API; 0: a free one. */
  readonly port: number;
}

export const USAGE = `npm start -- [--once] [--json] [--seed N] [--port N]

  --once     end after the story: 0 if every position was opened and closed by its stop and the ledger equals the chain
  --json     print one JSON object on standard output and nothing else there (npm start -s -- --json)
  --seed N   pick the market, a whole number: the same seed, the same prices (default 1)
  --port N   of the API (default: a free one)
  --help     this`;

/** @throws Error with one clear line. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  return {
    once: values.once ?? false,
    json: values.json ?? false,
    seed: whole("seed", values.seed ?? "1", Number.MAX_SAFE_INTEGER),
    port: Number(whole("port", values.port ?? "0", 65_535)),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: "boolean" },
        json: { type: "boolean" },
        seed: { type: "string" },
        port: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    // The first sentence says what is wrong; those after it are about Node.
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new Error(`${line.replace(/\.$/, "")} (npm start -- --help lists the options)`);
  }
}

function whole(name: string, text: string, max: number): string {
  if (!/^\d{1,16}$/.test(text) || Number(text) > max) {
    throw new Error(`--${name} takes a whole number from 0 to ${max}, not "${text}"`);
  }
  return text;
}
