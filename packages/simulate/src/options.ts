/** The command line of a simulation. */
import { parseCommandLine, wholeNumber } from "@backstop/core/testing/command-line";

export type SimulateOptions = {
  /** How many positions people try to open in a seed. */
  readonly positions: number;
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
} & (
  | {
      readonly run: "seeds";
      readonly seeds: number;
      /** The first of them. */
      readonly from: number;
      /** Each seed raises one kind of fault. */
      readonly swarm: boolean;
    }
  | { readonly run: "story"; readonly seed: number; readonly swarm: boolean; readonly mutant: string | null }
  | { readonly run: "mutants"; readonly mutant: string | null }
);

/** An hour of two cores. */
const SEEDS_MAX = 1_000_000;

/** Seats of a market, in the configuration that the simulation runs with. */
const POSITIONS_MAX = 100;

export const USAGE = `npm run simulate -- [--seeds N] [--from N] [--positions N] [--swarm] [--json]
npm run simulate -- --seed N [--positions N] [--swarm | --mutant NAME]
npm run simulate -- --mutants [--mutant NAME] [--positions N] [--json]

The deployed handlers and the core they call, on simulated ports in virtual time, while everything around them fails: functions
die and freeze at any await, nodes lag and follow forks of their own, transactions are dropped, late and forked away, stores,
queues and the bus refuse, lose answers and repeat themselves. Then all is calm, the market crosses every stop, and the ledger
is held against the chain.

  --seeds N      so many seeds, from 1 to ${SEEDS_MAX} (default 2000)
  --from N       the first of them, a whole number (default 1)
  --positions N  what people try to open in each, from 1 to ${POSITIONS_MAX} (default 20)
  --swarm        raise one kind of fault in each seed, all kinds in turn
  --seed N       run one seed and print its story
  --mutants      break the protocol in one small way at a time, and see each break caught
  --mutant NAME  of them only this one; with --seed the story of the seed with it
  --json         print one JSON object on standard output and nothing else there (npm run -s simulate -- --json)
  --help         this

It ends with 0 only if nothing that must never be was seen, every kind of fault occurred often enough, and seeds that were run
twice came to the same; with mutants only if every one was caught.`;

/** @throws Error with one clear line. */
export function parseSimulateOptions(args: readonly string[]): SimulateOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const common = {
    positions: whole("positions", values.positions ?? "20", 1, POSITIONS_MAX),
    json: values.json ?? false,
  };
  const swarm = values.swarm ?? false;
  const mutant = values.mutant ?? null;
  if (values.seed !== undefined) {
    refuse(values, "--seed", ["seeds", "from", "mutants", "json"]);
    if (swarm && mutant !== null) throw new Error("--swarm does not go with --mutant");
    const seed = whole("seed", values.seed, 0, Number.MAX_SAFE_INTEGER);
    return { ...common, run: "story", seed, swarm, mutant };
  }
  if (values.mutants) {
    refuse(values, "--mutants", ["seeds", "from", "swarm"]);
    return { ...common, run: "mutants", mutant };
  }
  if (mutant !== null) throw new Error("--mutant goes with --seed or --mutants");
  return {
    ...common,
    run: "seeds",
    seeds: whole("seeds", values.seeds ?? "2000", 1, SEEDS_MAX),
    from: whole("from", values.from ?? "1", 0, Number.MAX_SAFE_INTEGER),
    swarm,
  };
}

type Values = ReturnType<typeof parse>;

function refuse(values: Values, option: string, others: readonly (keyof Values)[]): void {
  const [given] = others.filter((other) => values[other] !== undefined);
  if (given) throw new Error(`${option} does not go with --${given}`);
}

const parse = (args: readonly string[]) =>
  parseCommandLine(
    args,
    {
      seeds: { type: "string" },
      from: { type: "string" },
      positions: { type: "string" },
      swarm: { type: "boolean" },
      seed: { type: "string" },
      mutants: { type: "boolean" },
      mutant: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
    "npm run simulate --",
  );

const whole = (name: string, text: string, min: number, max: number): number =>
  Number(wholeNumber(name, text, min, max));
