/** The command line of the firewall's proof. */
import { parseCommandLine } from "@backstop/core/testing/command-line";

export interface FirewallOptions {
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
}

export const USAGE = `npm run firewall -- [--json]

Benign transactions of every exact-in route of the venue, and each of them spoiled in every way it can be, before the firewall that
the key is behind. Without --json: each way, the rules that refused it, and why, in the firewall's own words.

  --json  print one JSON object on standard output and nothing else there (npm run -s firewall -- --json)
  --help  this

It ends with 0 only if every benign transaction was accepted, every spoiled one refused by a rule that is meant for it, and every
rule refused one.`;

/** @throws Error with one clear line. */
export function parseFirewallOptions(args: readonly string[]): FirewallOptions | "help" {
  const values = parseCommandLine(
    args,
    { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    "npm run firewall --",
  );
  return values.help ? "help" : { json: values.json ?? false };
}
