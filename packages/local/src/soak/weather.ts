/**
 * Bad weather: what befalls the calls and the transactions of a soak.
 *
 * Invariant: of the calls to one service, and of the transactions, all faults together befall the part that was asked for.
 */
import type * as z from "zod";
import type { Faults } from "../faults/client.ts";
import type { Service, StandingFault, Told } from "../faults/schema.ts";

type Fault = z.input<typeof StandingFault>;

/** What befalls it, and which part of all that befalls anything. */
type Mix<Kind> = readonly (readonly [share: number, Kind])[];

type RequestFault =
  | { readonly action: "lost_reply" | "cut" | "timeout" }
  | { readonly action: "status"; readonly status: number }
  | { readonly action: "delay"; readonly ms: number };

type TransactionFault =
  | { readonly action: "drop" | "revert" }
  | { readonly action: "delay" | "late" | "repeat"; readonly blocks: number };

/** Those that engine and market depend on most. */
const STORMY: readonly Service[] = ["jupiter", "rpc", "rpc2"];

/** Everything else the engine asks. */
const WINDY: readonly Service[] = ["postgres", "redis", "sqs", "lambda", "kms", "events"];

/** An attempt is some ten statements and messages: at a fifth of them next to none would ever be made. */
const WIND = 0.1;

const REQUESTS: Mix<RequestFault> = [
  // Several blocks, and well within every deadline.
  [0.3, { action: "delay", ms: 250 }],
  [0.2, { action: "status", status: 500 }],
  [0.2, { action: "status", status: 429 }],
  [0.15, { action: "lost_reply" }],
  [0.14, { action: "cut" }],
  // Rarely: it costs whoever asked up to 8 s, with one of a few workers.
  [0.01, { action: "timeout" }],
];

const WIND_REQUESTS: Mix<RequestFault> = [
  [0.5, { action: "lost_reply" }],
  [0.5, { action: "cut" }],
];

/** Of the transactions, the part that lands and fails. */
const REVERTED = 0.3;

/** The rest of them, on their way. */
const ON_THE_WAY: Mix<TransactionFault> = [
  [0.35, { action: "drop" }],
  [0.2, { action: "late", blocks: 40 }],
  // In the last of the 150 blocks in which it can land, where dead and alive are a block apart.
  [0.15, { action: "late", blocks: 145 }],
  [0.15, { action: "delay", blocks: 6 }],
  [0.15, { action: "repeat", blocks: 4 }],
];

/** Of a transaction two copies are sent, one to each node, and each has dice of its own. */
const COPIES = 2;

export function weatherOf(rate: number): readonly Fault[] {
  if (rate === 0) return [];
  const always = { times: "always" } as const;
  const requests = (services: readonly Service[], part: number, mix: Mix<RequestFault>): readonly Fault[] =>
    services.flatMap((service) =>
      inTurn(part, mix).map(([probability, fault]) => ({ kind: "http", service, ...always, probability, ...fault })),
    );
  const perCopy = 1 - (1 - rate * (1 - REVERTED)) ** (1 / COPIES);
  return [
    ...requests(STORMY, rate, REQUESTS),
    ...requests(WINDY, rate * WIND, WIND_REQUESTS),
    ...inTurn(perCopy, ON_THE_WAY).map(
      ([probability, fault]): Fault => ({ kind: "transactions", ...always, probability, ...fault }),
    ),
    { kind: "transactions", ...always, probability: rate * REVERTED, action: "revert" },
  ];
}

/** Each asks its dice only when all before it let go: the later ones have to bite harder for the same share. */
function inTurn<Kind>(rate: number, mix: Mix<Kind>): readonly (readonly [probability: number, Kind])[] {
  let left = 1;
  return mix.map(([share, kind]) => {
    const probability = Math.min(1, (rate * share) / left);
    left -= rate * share;
    return [probability, kind] as const;
  });
}

/** Until it is called off. Answers with what befell, by service and kind. */
export async function raise(
  faults: Faults,
  rate: number,
): Promise<{ calm(): Promise<Readonly<Record<string, number>>> }> {
  const ids: string[] = [];
  for (const fault of weatherOf(rate)) ids.push(await faults.set(fault));
  return {
    async calm() {
      const told = await Promise.all(ids.map((id) => faults.release(id)));
      await faults.calm();
      return Object.fromEntries(told.filter(({ bitten }) => bitten > 0).map((each) => [nameOf(each), each.bitten]));
    },
  };
}

function nameOf({ fault }: Told): string {
  switch (fault.kind) {
    case "http":
      return `${fault.service} ${fault.action === "status" ? fault.status : fault.action}`;
    case "transactions":
      return `transactions ${fault.action}${"blocks" in fault ? ` ${fault.blocks}` : ""}`;
    case "lag":
      return `lag ${fault.node}`;
    default:
      return fault satisfies never;
  }
}
