/** The command line of the operator: a command, what it is about, and who asks. */
import { parseCommandLine } from "@backstop/core/testing/command-line";

export const USAGE = `npm run admin -- COMMAND [--json]

  deposit-address [--mint M | --symbol S]      where to pay in: the wallet, and its token account of a mint
  destinations                                 where money may go, and since when; what was revoked too
  register-destination ADDRESS --label L --by WHO
                                               a wallet; nothing is sent there before 24 hours have passed
  revoke-destination ADDRESS --by WHO          at once; registered again, it waits another 24 hours
  withdraw AMOUNT ASSET --to ADDRESS --by WHO  of what no position holds and no entry has reserved; ASSET is SOL (lamports),
                                               WSOL, a symbol such as USDC, or the address of a mint
  wrap AMOUNT --by WHO                         SOL into wrapped SOL, which is what positions of SOL are held as
  unwrap AMOUNT --by WHO                       the other way; of what is free
  reclaim-rent --by WHO                        closes our empty token accounts of mints without a live position
  transfers [--resume]                         the last hundred, newest first; --resume carries the unfinished one to its end

  --json  print one JSON object on standard output and nothing else there (npm run -s admin -- ... --json)
  --help  this

It reads the environment that the functions have. register-destination, revoke-destination and withdraw ask for the withdraw
key in BACKSTOP_WITHDRAW_KEY; its SHA-256 is the deployment's WITHDRAW_KEY_DIGEST. Amounts are decimals of whole tokens.

A transfer is recorded, signed, recorded, sent, and waited for until it is final. Whoever was interrupted runs the same command
again, which goes on with the same transfer. It ends with 0 if all was done, 1 if something was refused or failed, 2 for a
command line that cannot be understood.`;

/** What each command takes: words in their order, and options, all of them needed but those that begin with "?". */
const COMMANDS = {
  "deposit-address": { words: [], options: ["?mint", "?symbol"] },
  destinations: { words: [], options: [] },
  "register-destination": { words: ["ADDRESS"], options: ["label", "by"] },
  "revoke-destination": { words: ["ADDRESS"], options: ["by"] },
  withdraw: { words: ["AMOUNT", "ASSET"], options: ["to", "by"] },
  wrap: { words: ["AMOUNT"], options: ["by"] },
  unwrap: { words: ["AMOUNT"], options: ["by"] },
  "reclaim-rent": { words: [], options: ["by"] },
  transfers: { words: [], options: ["?resume"] },
} as const satisfies Record<string, { readonly words: readonly string[]; readonly options: readonly string[] }>;

export type Command =
  | { readonly name: "deposit-address"; readonly mint: string | null; readonly symbol: string | null }
  | { readonly name: "destinations" }
  | { readonly name: "register-destination"; readonly address: string; readonly label: string; readonly by: string }
  | { readonly name: "revoke-destination"; readonly address: string; readonly by: string }
  | {
      readonly name: "withdraw";
      readonly amount: string;
      readonly asset: string;
      readonly to: string;
      readonly by: string;
    }
  | { readonly name: "wrap" | "unwrap"; readonly amount: string; readonly by: string }
  | { readonly name: "reclaim-rent"; readonly by: string }
  | { readonly name: "transfers"; readonly resume: boolean };

export interface AdminOptions {
  readonly command: Command;
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
}

/** @throws Error with one clear line. */
export function parseAdminOptions(args: readonly string[]): AdminOptions | "help" {
  const end = args.findIndex((each) => each.startsWith("-"));
  const [name = "", ...words] = end < 0 ? args : args.slice(0, end);
  const values = parseCommandLine(
    end < 0 ? [] : args.slice(end),
    {
      mint: { type: "string" },
      symbol: { type: "string" },
      label: { type: "string" },
      to: { type: "string" },
      by: { type: "string" },
      resume: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
    "npm run admin --",
  );
  if (values.help) return "help";
  const { json = false, help: _, ...given } = values;
  const command = commandOf(name);
  const { words: wanted, options } = COMMANDS[command];
  if (words.length !== wanted.length) {
    throw new Error(`${command} takes ${wanted.join(" ") || "no words"}, not "${words.join(" ")}"`);
  }
  for (const option of Object.keys(given)) {
    if (!options.some((each) => each === option || each === `?${option}`)) {
      throw new Error(`${command} takes no --${option}`);
    }
  }
  const need = (option: "label" | "to" | "by"): string => {
    const value = given[option];
    if (!value) throw new Error(`${command} needs --${option}`);
    return value;
  };
  const [first = "", second = ""] = words;
  switch (command) {
    case "deposit-address":
      if (given.mint && given.symbol) throw new Error("--mint and --symbol name the same thing: give one of them");
      return { command: { name: command, mint: given.mint ?? null, symbol: given.symbol ?? null }, json };
    case "destinations":
      return { command: { name: command }, json };
    case "register-destination":
      return { command: { name: command, address: first, label: need("label"), by: need("by") }, json };
    case "revoke-destination":
      return { command: { name: command, address: first, by: need("by") }, json };
    case "withdraw":
      return { command: { name: command, amount: first, asset: second, to: need("to"), by: need("by") }, json };
    case "wrap":
    case "unwrap":
      return { command: { name: command, amount: first, by: need("by") }, json };
    case "reclaim-rent":
      return { command: { name: command, by: need("by") }, json };
    case "transfers":
      return { command: { name: command, resume: given.resume ?? false }, json };
    default:
      return command satisfies never;
  }
}

function commandOf(name: string): keyof typeof COMMANDS {
  const names = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
  const found = names.find((each) => each === name);
  if (!found) throw new Error(`"${name}" is none of ${names.join(", ")} (npm run admin -- --help)`);
  return found;
}
